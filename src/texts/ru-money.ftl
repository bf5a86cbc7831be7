# Деньги: пополнение, платежи, выписка, промокоды.

## Пополнение

button-topup-by = ➕ Добавить { $amount }
button-back-to-order = ⬅️ Вернуться к заказу
topup =
    💳 <b>Пополнение</b>

    Сейчас на балансе: <b>{ $balance }</b>
    На сколько пополнить?
topup-missing = ➕ Сколько не хватает: { $amount }
topup-other = ✏️ Другая сумма
topup-payments = 🧾 Мои платежи
topup-ask = Напишите сумму в рублях: от { $least } до { $most }. Например: 250 или 99,90.
topup-choose =
    💳 <b>Пополнение на { $amount }</b>

    Как удобнее заплатить?
topup-by-stars = { $stars ->
        [one] ⭐ { $stars } звезда Telegram
        [few] ⭐ { $stars } звезды Telegram
       *[many] ⭐ { $stars } звёзд Telegram
    }
topup-by-card = 💳 Банковской картой
topup-by-transfer = 🏦 Переводом по реквизитам
topup-too-little = Меньше { $least } не принимаем: ничего не списано. Выберите другую сумму.
topup-too-much = Больше { $most } за один раз не принимаем: ничего не списано. Выберите другую сумму.
topup-not-offered = Так заплатить сейчас нельзя. Выберите другой способ.
topup-too-many-open =
    У вас уже { $count ->
        [one] { $count } открытая заявка на перевод
        [few] { $count } открытые заявки на перевод
       *[many] { $count } открытых заявок на перевод
    }: они ждут вашей оплаты или проверки оператором. Дождитесь ответа, закройте лишнюю в «🧾 Мои платежи» или заплатите звёздами.
topup-banned = Пополнение для вас закрыто. Напишите в поддержку, мы разберёмся.
topup-not-selling = Пополнение на паузе: мы проверяем учёт. Ничего не списано, попробуйте позже.
amount-malformed = Это не похоже на сумму.
amount-too-precise = В сумме не больше двух знаков после запятой.
amount-too-little = Это слишком мало.
amount-too-large = Это слишком много.
toast-invoice = Счёт ниже
invoice-title = Пополнение баланса
invoice-description-stars =
    На баланс придёт { $amount }. К оплате { $stars ->
        [one] { $stars } звезда
        [few] { $stars } звезды
       *[many] { $stars } звёзд
    }. Счёт действует сутки.
invoice-description-card = На баланс придёт { $amount }. Счёт действует сутки.
pre-checkout-unknown = Этот счёт не ваш или устарел. Деньги не списаны. Откройте «Баланс» и создайте новый.
pre-checkout-over = Счёт уже оплачен или его время вышло. Деньги не списаны. Создайте новый.

## Платежи

way-stars = ⭐ звёздами Telegram
way-card = 💳 картой
way-manual = 🏦 переводом
payment-credited =
    ✅ <b>Баланс пополнен на { $amount }</b>

    Платёж № { $number }, { $way }.
    Теперь на балансе: <b>{ $balance }</b>
payment-banned = Заказы для вас сейчас закрыты. Чтобы вернуть деньги, напишите в поддержку: { $contact }
payment-refunded-stars =
    ↩️ <b>Платёж № { $number } возвращён</b>

    Звёзды за { $amount } вернулись к вам в Telegram. На балансе осталось: { $balance }
payment-refunded =
    ↩️ <b>Платёж № { $number } возвращён</b>

    { $amount } отправлены вам обратно. На балансе осталось: { $balance }
payment-going-back =
    ↩️ <b>Возвращаем платёж № { $number }</b>

    { $amount } отложены на балансе, пока оператор отправляет их вам. Доступно: { $balance }
payment-not-back =
    ⚠️ <b>Платёж № { $number } вернуть не получилось</b>

    { $amount } снова на балансе. Доступно: { $balance }
    Чтобы выбрать другой способ, напишите в поддержку: { $contact }
payment-charged-back =
    ↩️ <b>Платёж № { $number } отозван</b>

    Деньги за него вернулись к вам, поэтому { $amount } списаны с баланса. Сейчас на балансе: { $balance }
payment-rejected =
    ❌ <b>Перевод № { $number } не найден</b>

    Сумма: { $amount }
    Ответ оператора: { $why }
    На баланс ничего не зачислено. Если деньги ушли, напишите в поддержку: { $contact }
payment-expired = ⌛ Заявка № { $number } на { $amount } закрыта: за три дня чек не пришёл. Если вы всё же перевели деньги, напишите в поддержку.
payment-expired-claimed = ⌛ Заявка № { $number } на { $amount } закрыта: за три дня её не успели проверить. Напишите в поддержку и пришлите чек, деньги не пропадут.
payment-not-invoiced = Счёт на { $amount } создать не удалось: платёжная система не принимает такую сумму. Ничего не списано, попробуйте другую сумму или другой способ.
payment-way-broken = Счёт на { $amount } создать не удалось: так заплатить сейчас не получается, владелец бота уже знает. Ничего не списано. Попробуйте другой способ или зайдите позже.
payment-not-sent = Счёт на { $amount } отправить не удалось: несколько дней не было связи с Telegram. Ничего не списано. Если пополнение ещё нужно, попросите новый счёт.
payment-gone = Такого платежа у вас нет.
payment-show = 🧾 Открыть платёж
payments = 🧾 <b>Мои платежи</b>
payments-none =
    🧾 <b>Мои платежи</b>

    Платежей пока не было.
payments-item = { $mark } { $amount } · { $at }
payment-page =
    🧾 <b>Платёж № { $number }</b>

    Сумма: <b>{ $amount }</b>
    Способ: { $way }
    { $state }
payment-step = • { $at }: { $what }
payment-charge = Номер у Telegram: <code>{ $charge }</code>
payment-state-asked = ⏳ Ждём оплату
payment-state-claimed = 🔎 Оператор проверяет чек
payment-state-rejected = ❌ Оператор не нашёл деньги
payment-state-expired = ⌛ Не оплачен
payment-state-paid = ✅ Зачислен на баланс
payment-state-refunding = ↩️ Возвращаем
payment-state-refunded = ↩️ Возвращён
payment-state-charged-back = ↩️ Отозван
payment-step-asked = счёт выставлен
payment-step-asked-transfer = показаны реквизиты
payment-step-claimed = чек получен
payment-step-rejected = оператор отклонил
payment-step-expired = время вышло
payment-step-credited = деньги на балансе
payment-step-refund-begun = начат возврат
payment-step-refund-refused = вернуть не удалось, деньги снова на балансе
payment-step-refunded = деньги возвращены
payment-step-charged-back = деньги забраны обратно

## Перевод по реквизитам

transfer =
    🏦 <b>Перевод № { $number }</b>

    Переведите ровно <b>{ $amount }</b>:
    { $details }

    Потом нажмите «✅ Я оплатил(а)» и пришлите чек. Заявка действует до { $until }.
transfer-bank = Банк: { $value }
transfer-card = Карта: <code>{ $value }</code>
transfer-holder = Получатель: { $value }
transfer-phone = Телефон: <code>{ $value }</code>
transfer-copy-card = 📋 Скопировать номер карты
transfer-copy-phone = 📋 Скопировать телефон
transfer-paid = ✅ Я оплатил(а)
transfer-drop = 🗑 Не буду платить
transfer-show = 🏦 Реквизиты
transfer-receipt = 📎 Пришлите чек на { $amount }: фото, снимок экрана или PDF. Деньги придут на баланс, как только оператор их увидит.
transfer-receipt-only = 📎 Нужен сам чек: фото, снимок экрана или PDF.
transfer-claimed =
    🔎 <b>Чек получен</b>

    Перевод № { $number } на { $amount } проверяет человек. Как только он подтвердит, мы пришлём сообщение.
transfer-claimed-before = Чек по этому переводу уже у оператора.
transfer-one-page = Оператору уходит один файл, и он уже у него: эту страницу оператор не увидит. Если важна именно она, напишите в поддержку.
transfer-over = Эта заявка уже закрыта. Ничего не изменилось.
toast-transfer-dropped = Заявка закрыта, ничего не списано

## Выписка

button-statement = 📄 Выписка
button-statement-file = 📥 Скачать CSV
statement =
    📄 <b>Выписка</b>

    Баланс: <b>{ $balance }</b>
    Доступно: { $available }
    В резерве: { $held }
statement-in = <b>+{ $amount }</b> · { $kind }
statement-out = <b>−{ $amount }</b> · { $kind }
statement-held = 🔒 { $amount } · { $kind }
statement-freed = 🔓 { $amount } · { $kind }
statement-job = { $model }, № { $job }: { $why }
statement-after = { $at } · баланс { $balance }
statement-after-held = { $at } · баланс { $balance }, из них в резерве { $held }
statement-payment = 🧾 Платёж № { $number }
statement-head = Дата (UTC);Операция;Сумма;Резерв;Баланс;Доступно;Причина;Модель;Задача;Строка
statement-file = 📄 Все движения вашего кошелька, новые сверху. Файл открывается в Excel и в других таблицах.
statement-file-cut = 📄 Движения вашего кошелька, новые сверху. Их очень много, поэтому здесь только последние { $lines }. Более ранние пришлёт поддержка.
toast-file-comes = Готовлю файл, сейчас пришлю.
move-chargeback = Платёж отозван
move-paid-back = Возврат платежа
why-ordered = заказ принят
why-delivered = результат готов
why-failed = не получилось, деньги снова свободны
why-cancelled = вы сняли задачу с очереди
why-late = результат пришёл позже
why-undeliverable = результат не удалось доставить
why-welcome = подарок новому клиенту
why-paid = платёж № { $number }
why-paid-stars = Telegram Stars, платёж № { $number }
why-paid-card = карта, платёж № { $number }
why-paid-transfer = перевод, платёж № { $number }
why-paying-back = возвращаем платёж № { $number }
why-not-paid-back = возврат платежа № { $number } не прошёл, деньги снова свободны
why-chargeback = платёж № { $number } вернулся тому, кто платил

## Промокоды и приглашения

topup-promo = 🎟 Промокод
promo-ask = 🎟 Напишите промокод. Большие и маленькие буквы не различаются.
promo-money =
    🎁 <b>Промокод принят</b>

    На баланс добавлено { $amount }.
    Теперь доступно: <b>{ $balance }</b>
promo-free =
    🎁 <b>Промокод принят</b>

    Вам { $count ->
        [one] добавлен { $count } бесплатный запуск
        [few] добавлено { $count } бесплатных запуска
       *[many] добавлено { $count } бесплатных запусков
    }, всего теперь { $left }. Они подходят для любой генерации до { $most } и берутся сами, пока не исчерпан общий дневной лимит.
promo-unknown = Такого промокода нет. Проверьте буквы и цифры и напишите ещё раз.
promo-before = Этот промокод вы уже использовали, он действует один раз. Если есть другой, напишите его.
promo-used-up = Этот промокод закончился: все его использования уже разобрали. Если есть другой, напишите его.
promo-over = Этот промокод больше не действует. Если есть другой, напишите его.
promo-banned = Промокоды для вас закрыты. Напишите в поддержку, мы разберёмся.
promo-not-now = Сейчас промокоды на паузе: мы проверяем учёт. Код не пропал, попробуйте позже.
move-promo = Промокод
why-promo = подарок по промокоду
move-brought = Перенос из прежнего бота
why-brought = чтобы на балансе было столько же, сколько в прежнем боте
move-bonus-back = Списание приветственного бонуса
why-bonus-back = приветственный бонус прежнего бота больше не действует
move-old-job = Генерация
why-old-bot = в прежнем боте
statement-old =
    🗄 { $amount } · { $kind }
    { $why }
    { $at } · баланс не меняло
button-invite = 👥 Пригласить друга
invite-copy = 📋 Скопировать ссылку
invite-off = Сейчас за приглашения ничего не дарим. Но друзьям мы всегда рады!
invite =
    👥 <b>Пригласить друга</b>

    Отправьте другу эту ссылку:
    <code>{ $link }</code>

    Когда он впервые пополнит баланс хотя бы на { $most }, мы подарим вам { $reward ->
        [one] { $reward } бесплатный запуск
        [few] { $reward } бесплатных запуска
       *[many] { $reward } бесплатных запусков
    } для любых генераций до { $most }: они действуют, пока не исчерпан общий дневной лимит. Таких подарков бывает до { $cap } в месяц.

    Пришли по ссылке: { $came }
    Из них пополнили баланс: { $paid }
    Бесплатных запусков осталось: <b>{ $left }</b>
referral-rewarded =
    🎁 <b>Ваш друг пополнил баланс</b>

    Спасибо, что пригласили! Дарим вам { $count ->
        [one] { $count } бесплатный запуск
        [few] { $count } бесплатных запуска
       *[many] { $count } бесплатных запусков
    } для любых генераций до { $most }: они действуют, пока не исчерпан общий дневной лимит. Всего у вас теперь: { $left }.
referral-taken-back =
    ↩️ Платёж вашего друга вернулся к нему, поэтому { $count ->
        [one] { $count } подаренный за него бесплатный запуск больше не действует
        [few] { $count } подаренных за него бесплатных запуска больше не действуют
       *[many] { $count } подаренных за него бесплатных запусков больше не действуют
    }. Бесплатных запусков осталось: { $left }. Это подарки для генераций до { $most }.

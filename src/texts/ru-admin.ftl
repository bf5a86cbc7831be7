# То, что читает оператор: /admin и сообщения о переводах.

## Переводы на проверку

admin-transfer =
    🏦 <b>Перевод № { $number }: { $amount }</b>

    { $name } { $username }
    Номер: <code>{ $user }</code>
    На балансе: { $balance }
admin-transfer-decide = Проверьте, что деньги пришли, и решите.
admin-transfer-decided = По этому переводу уже решено.
admin-transfer-same-receipt = ⚠️ Этот же файл уже был чеком платежа № { $number }.
admin-approve = ✅ Зачислить
admin-other-amount = ✏️ Другая сумма
admin-reject = ❌ Отклонить
alarm-payment-odd = ⚠️ Необычный платёж, зачислен тому, кто заплатил: { $detail }. Что с ним не так, видно на его странице: /admin, «Найти», номер платежа.
alarm-charged-back = ⚠️ Платёж отозван и списан с баланса, он может быть ниже нуля: { $detail }
alarm-refund-refused = ⚠️ Telegram не вернул звёзды, деньги снова на балансе покупателя: { $detail }
alarm-invoice-refused = 🚨 Telegram не создаёт счета, и дело не в сумме: так заплатить сейчас нельзя. Если это карты, проверьте PAYMENT_PROVIDER_TOKEN. { $detail }
alarm-payment-stuck = 🚨 Платёж не удаётся обработать, пробуем снова и снова: { $detail }
## Пульт

admin-home = 🛠 <b>Пульт оператора</b>
admin-selling = 🟢 Заказы принимаются
admin-not-selling =
    🔴 Заказы не принимаются с { $since }
    Почему: { $why }
admin-models-stopped =
    ⛔ Не продаётся { $count ->
        [one] { $count } модель
        [few] { $count } модели
       *[many] { $count } моделей
    }
admin-jobs-open = ⚙️ Открытых задач: { $open }, в очереди { $queued } из { $most }
admin-waiting = 📨 Ждут обработки: { $updates }, ждут отправки: { $messages }
admin-credit =
    🔋 KIE: { $credits } кредитов (около { $dollars }), { $minutes ->
        [0] только что
        [one] { $minutes } минуту назад
        [few] { $minutes } минуты назад
       *[many] { $minutes } минут назад
    }
admin-credit-unknown = 🔋 KIE ещё не сказал, сколько осталось кредитов
admin-free = 🎁 Бесплатное за сегодня: { $spent } из { $budget }
admin-today =
    📊 Сегодня: выручка { $revenue }, пополнения { $paid }
    🖼 Продано результатов: { $sold } · 👥 Клиентов: { $active }, новых { $fresh }
admin-nothing = Пока пусто.

admin-button-find = 🔎 Найти клиента или задачу
admin-button-failures = 📉 Сбои за сутки
admin-button-days = 📊 Цифры по дням
admin-button-models = 🤖 Модели
admin-button-stop = ⏸ Остановить приём
admin-button-sell = ▶️ Принимать заказы
admin-button-log = 📓 Журнал действий
admin-button-parked = 📥 Отложенные
admin-button-fresh = 🔄 Обновить
admin-button-home = 🛠 К пульту
admin-button-person = 👤 К клиенту
admin-button-credit = ➕ Начислить
admin-button-debit = ➖ Списать
admin-button-moves = 📒 Движения
admin-button-jobs = 🖼 Задачи
admin-button-ban = 🚫 Закрыть заказы
admin-button-unban = 🔓 Открыть заказы
admin-button-refund = 💸 Вернуть деньги
admin-button-send-again = 📤 Отправить результат снова
admin-button-yes = 👍 Да, сделать
admin-button-no = ↩️ Нет, назад
admin-button-other-days =
    📅 За { $days ->
        [one] { $days } день
        [few] { $days } дня
       *[many] { $days } дней
    }

## Поиск

admin-ask-find =
    🔎 <b>Кого ищем?</b>

    Пришлите номер клиента, @имя, код <code>RQ-…</code>, номер задачи или платежа. Номер платежа у Telegram тоже подойдёт.
admin-found = По запросу «{ $query }» нашлось несколько, выберите:
admin-found-nothing = По запросу «{ $query }» ничего не нашлось. Попробуйте иначе: @имя, код RQ-… или номер клиента, задачи, платежа.
admin-found-part = Просмотрены только первые { $count } клиентов. Если нужного нет, ищите по номеру.

## Клиент

admin-person =
    👤 <b>{ $name }</b> · { $username }
    Номер: <code>{ $number }</code>
    С нами с { $since }
    Был(а) { $seen }

    👛 Доступно: <b>{ $available }</b>
    🔒 В резерве: { $held }
    ⚙️ Открытых задач: { $open }
admin-person-banned = 🚫 Заказы закрыты оператором
admin-person-blocked = 🔕 Заблокировал(а) бота
admin-person-moves = 📒 <b>Последние движения</b>
admin-person-jobs = 🖼 <b>Последние задачи</b>
admin-moves = 📒 <b>Движения клиента { $number }</b>
admin-move = { $at } · { $sign }{ $amount } · { $reference } · { $why }
admin-jobs = 🖼 <b>Задачи клиента { $number }</b>

## Задача

admin-job-line = { $icon } #{ $number } { $title } · { $price } · { $at }
admin-job =
    { $icon } <b>Задача #{ $number }</b> · <code>{ $code }</code>
    Модель: { $title }
    Клиент: <code>{ $user }</code>
    Состояние: { $state }
    Создана: { $at }
    Цена: { $price }, себестоимость { $cost }
    Номер у KIE: <code>{ $task }</code>
admin-money-refunded = 💸 Деньги возвращены
admin-money-free = 🆓 Бесплатная
admin-money-none = 💰 Денег за неё не брали
admin-money-held = 🔒 Деньги в резерве
admin-money-charged = 💰 Деньги списаны
admin-money-released = ↩️ Резерв снят, деньги у клиента
admin-delivery-none = ✉️ Итога ещё нет
admin-delivery-waiting = ✉️ Итог ждёт отправки
admin-delivery-done = ✉️ Итог доставлен
admin-delivery-refused = ✉️ Телеграм не принял итог: { $why }
admin-job-failed = ⚠️ { $reason }
admin-event = <code>{ $at }</code> { $what }: { $data }
admin-request = 🆘 <b>Запрос { $code }</b>

## Сбои

admin-failures =
    📉 <b>Сбои за сутки</b>

    Заказов: { $all }, не удалось: { $failed }. Клиентам вернулось { $back }.
admin-failures-part = Просмотрены только { $count } последних заказов.
admin-failure =
    <code>{ $code }</code> × { $count }
    { $reason }
    { $examples }

## Цифры

admin-days =
    📊 <b>Цифры по дням</b>
    Сутки по UTC. Себестоимость — по нынешнему курсу.
admin-days-sum =
    Всего за { $days ->
        [one] { $days } день
        [few] { $days } дня
       *[many] { $days } дней
    }
admin-day =
    <b>{ $day }</b>
    Выручка { $revenue } (возвраты { $refunded }), KIE { $cost }, маржа <b>{ $margin }</b>
    Пополнения { $paid }, подарки { $given }, начислено { $credited }, списано { $debited }
    Результатов: платных { $sold }, бесплатных { $free }
    Клиентов { $active }, новых { $fresh }, впервые заплатили { $first } (после бесплатных { $fromfree })
admin-day-short = { $day } · { $revenue } · маржа { $margin } · 👥 { $active }, новых { $fresh }

## Модели

admin-models =
    🤖 <b>Модели</b>

    Нажмите на модель, чтобы включить или выключить её.
admin-model-stopped = ⛔ { $title }: с { $since }, { $why }

## Действия

admin-ask-credit =
    ➕ <b>Начислить клиенту { $name }</b> (<code>{ $number }</code>)
    Сейчас доступно { $available }.

    Напишите сумму в рублях, например 150 или 99,90.
admin-ask-debit =
    ➖ <b>Списать у клиента { $name }</b> (<code>{ $number }</code>)
    Сейчас доступно { $available }.

    Напишите сумму в рублях, например 150 или 99,90.
admin-amount-not-positive = ⚠️ Сумма должна быть больше нуля. Чтобы уменьшить баланс, есть кнопка «➖ Списать».
admin-amount-too-large = ⚠️ За один раз можно не больше { $most }. Напишите сумму поменьше.
admin-amount-again = Напишите сумму в рублях, например 150 или 99,90.
admin-amount-wallet-full = ⚠️ Столько на балансе не поместится.
admin-ask-reason =
    { $what }

    ✍️ Напишите причину: она останется в журнале. При начислении, списании и отказе в переводе её увидит и клиент.
admin-reason-empty = ⚠️ Без причины нельзя. Напишите несколько слов.
admin-reason-long = ⚠️ Слишком длинно: причина — до 200 символов. Напишите короче.
admin-confirm =
    ❓ <b>Всё верно?</b>

    { $what }
admin-confirm-money = Доступно сейчас: { $before }, станет: { $after }
admin-confirm-reason = Причина: { $reason }
admin-done = ✅ Сделано: { $what }
admin-toast-done = Сделано.
admin-toast-done-before = Это уже сделано, второй раз ничего не произошло.
admin-not-customer = ⚠️ Такого клиента нет.
admin-not-job = ⚠️ Такой задачи нет.
admin-not-model = ⚠️ Такой модели нет.
admin-not-short = ⚠️ Столько не списать: доступно только { $available }. Ничего не изменилось.
admin-not-refund = ⚠️ Возвращать нечего: эта задача не оплачена или деньги уже вернулись.
admin-not-on-its-way = ⚠️ Результат ещё в пути к клиенту. Подождите, пока он дойдёт, и попробуйте снова.
admin-not-files = ⚠️ Отправить нечего: файлов этой задачи больше нет или деньги за неё возвращены.
admin-not-already = ℹ️ Так уже и есть, ничего не изменилось.
admin-act-credit = ➕ Начислить { $amount } клиенту { $number }
admin-act-debit = ➖ Списать { $amount } у клиента { $number }
admin-act-ban = 🚫 Закрыть заказы клиенту { $number }
admin-act-unban = 🔓 Открыть заказы клиенту { $number }
admin-act-refund = 💸 Вернуть деньги за задачу #{ $number }
admin-act-send-again = 📤 Отправить результат задачи #{ $number } снова
admin-act-selling-on = ▶️ Принимать заказы
admin-act-selling-off = ⏸ Остановить приём заказов
admin-act-model-on = ✅ Продавать модель { $model }
admin-act-model-off = ⛔ Не продавать модель { $model }

## Журнал

admin-log = 📓 <b>Журнал действий</b>
admin-log-line =
    <b>№{ $id }</b> · { $at } · { $who }
    { $what }
    Было: { $before } → стало: { $after }
admin-parked =
    📥 <b>Отложенные обновления</b>
    Их не удалось обработать; тем, кого они касались, ничего не сделано.
admin-parked-line =
    { $at } · { $update } · <code>{ $kind }</code>
    { $why }

## Что слышит клиент

told-credit =
    💰 Вам начислено { $amount }.
    Причина: { $reason }
    Теперь доступно: { $available }
told-debit =
    💰 С вашего баланса списано { $amount }.
    Причина: { $reason }
    Теперь доступно: { $available }
told-refund =
    💸 Мы вернули вам { $amount } за «{ $model }» ({ $code }).
    Теперь доступно: { $available }

## Тревоги

alarm-low-credit = 🔋 На счету KIE осталось мало: { $detail } кредитов. Пополните его, иначе продажи остановятся.
alarm-maintenance = 🚧 У KIE технические работы: заказы ждут в очереди и пойдут дальше сами. Кто не дождётся, получит деньги обратно. { $detail }
alarm-error-burst = 📉 Подряд не удалось несколько генераций. Последняя: { $detail }. Посмотрите /admin, «Сбои за сутки».
alarm-backup-old = 🗄 Нет свежей резервной копии: последняя проверенная — { $detail } Посмотрите, что с местом для копий: samovar backup list.
alarm-backup-stuck = 🗄 Изменения больше десяти минут не попадают в резервную копию. { $detail }
alarm-backup-refused = 🗄 Проверенной резервной копии не будет, пока вы не вмешаетесь: { $detail }
alarm-certificate-ends = 🔐 Сертификат адреса бота скоро закончится и сам не обновляется. Действует до: { $detail }. Без него Telegram и KIE не смогут обращаться к боту. Почему так, скажет журнал: journalctl -u samovar -p warning

## Платежи

admin-button-open =
    🏦 Переводы на проверку{ $count ->
        [0] {""}
       *[other] : { $count }
    }
admin-button-payments = 🧾 Платежи
admin-button-pay-back = ↩️ Вернуть платёж
admin-button-paid-back = ✅ Деньги отправлены
admin-button-not-paid-back = ❌ Вернуть не вышло
admin-button-receipt = 📎 Показать чек
admin-toast-receipt = Чек ниже.
admin-send-back = 👉 Отправьте { $amount } клиенту и нажмите «✅ Деньги отправлены». Пока они в резерве, потратить их нельзя.
admin-open =
    🏦 <b>Переводы на проверку</b>

    { $count ->
        [0] Никто не ждёт.
        [one] Ждёт { $count } перевод.
        [few] Ждут { $count } перевода.
       *[many] Ждут { $count } переводов.
    }
admin-payments = 🧾 <b>Платежи клиента { $number }</b>
admin-payment-whose = 👤 Клиент <code>{ $number }</code>, доступно { $available }
admin-odd-unknown-invoice = ⚠️ Такого счёта мы не выставляли.
admin-odd-late = ⚠️ Оплачен после срока.
admin-odd-other-amount = ⚠️ Сумма не та, что в счёте.
admin-odd-other-payer = ⚠️ Счёт выставлен другому клиенту; деньги у того, кто заплатил.
admin-odd-paid-twice = ⚠️ Этот счёт уже был оплачен.
admin-odd-banned = ⚠️ Клиенту закрыты заказы.
admin-odd-only-listed = ⚠️ Telegram о нём не сообщил; найден в списке операций со звёздами.
admin-ask-sum =
    ✏️ <b>Сколько пришло по переводу № { $number }?</b>
    Клиент обещал { $amount }.

    Напишите сумму в рублях.
admin-sum-not-positive = ⚠️ Сумма должна быть больше нуля. Если деньги не пришли, вернитесь назад и нажмите «❌ Отклонить».
admin-confirm-payment = Платёж: { $amount } { $way }, клиент <code>{ $number }</code>
admin-not-payment = ⚠️ Такого платежа нет.
admin-not-decided = ℹ️ По этому платежу уже решено, или его время вышло. Ничего не изменилось.
admin-not-spent = ⚠️ Эти деньги уже потрачены: на балансе не хватает { $missing }. Вернуть можно только платёж, который ещё весь на балансе. Ничего не изменилось.
admin-act-approve = 🏦 Зачислить { $amount } по переводу № { $number }
admin-act-reject = 🙅 Отклонить перевод № { $number }
admin-act-pay-back = ↩️ Вернуть платёж № { $number }
admin-act-paid-back = 📤 Деньги по платежу № { $number } отправлены обратно
admin-act-not-paid-back = 🔓 Платёж № { $number } вернуть не вышло, деньги снова у клиента

## Промокоды

admin-button-promos = 🎟 Промокоды
admin-act-promo-new = 🎟 Промокод { $code }: { $gift }, использований не больше { $limit }
admin-act-promo-off = ⛔ Выключить промокод { $code }
promos = 🎟 <b>Промокоды</b>
promos-more = И более старых: { $count }.
promo-line = <code>{ $code }</code> · { $gift } · { $used } из { $limit }
promo-line-until = до { $until }
promo-line-off = ⛔ выключен
promo-gift-free = { $count ->
        [one] { $count } бесплатный запуск
        [few] { $count } бесплатных запуска
       *[many] { $count } бесплатных запусков
    }
promo-usage =
    Новый код на 100 ₽: <code>/promo_new LETO 100 limit=50 until=31.12.2026</code>
    Бесплатные запуски: <code>/promo_new START free=3 limit=50</code>
    Выключить: <code>/promo_off LETO</code>

    Без limit код сработает не больше { $limit } раз, без until он бессрочный. Каждый покупатель может использовать код один раз.
promo-bad-code = ⚠️ Код не подходит: нужно от 3 до 32 букв, цифр и знаков - и _ без пробелов.
promo-bad-amount = ⚠️ Напишите после кода сумму в рублях цифрами, больше нуля и не больше { $most }, или free= с числом запусков.
promo-bad-free = ⚠️ После free= нужно число бесплатных запусков от 1 до { $free }.
promo-bad-limit = ⚠️ После limit= нужно число использований от 1 до { $uses }.
promo-bad-date = ⚠️ После until= нужен день, который ещё не прошёл: 31.12.2026.
promo-bad-word = ⚠️ В команде есть лишнее слово: нужна сумма или free=, и ещё можно limit= и until=.
promo-taken = ⚠️ Такой код уже есть. Придумайте другой.
promo-not-there = ⚠️ Такого кода нет. Все коды: /promos
promo-off-before = ℹ️ Этот код уже выключен, ничего не изменилось.
admin-button-taken-back = 🏦 Банк забрал деньги обратно

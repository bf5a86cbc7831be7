# Всё, что бот говорит по-русски. Ключи те же, что в en.ftl.
# Разметка: HTML Телеграма. Подстановки экранируются сами.

## Меню и приветствие

start-hello =
    👋 Здравствуйте, <b>{ $name }</b>!

    Это Самовар: { $models ->
        [one] { $models } нейросеть рисует, снимает видео и озвучивает
        [few] { $models } нейросети рисуют, снимают видео и озвучивают
       *[many] { $models } нейросетей рисуют, снимают видео и озвучивают
    }. Каждый день { $free } из них можно запускать бесплатно.

    С чего начнём?
start-bonus = 🎁 Мы положили вам на баланс { $amount } — попробуйте любую модель.
menu =
    🏠 <b>Главное меню</b>

    Что будем делать?
menu-pick-first = Чтобы создать что-нибудь, сначала выберите модель, а потом напишите запрос.
group-image = 🎨 Создать картинку
group-edit = ✏️ Редактировать изображение
group-video = 🎬 Создать видео
group-animate = 🎬 Оживить картинку
group-restyle = 🎬 Редактировать видео
group-audio = 🎵 Аудио
group-other = ⭐ Другое
group-free = 🎁 Бесплатные
group-popular = ⭐ Популярные
menu-jobs = 📋 Мои задачи
menu-balance = 💰 Баланс
menu-prices = 💎 Тарифы
menu-search = 🔍 Поиск модели
menu-support = ❓ Поддержка
menu-help = 📖 Как это работает
menu-lang = 🌐 English

## Кнопки

button-repeat = 🔁 Повторить
button-menu = 🏠 В меню
button-cancel = ❌ Отмена
button-generate = ✨ Сгенерировать
button-skip = ⏭ Пропустить все
button-continue = ➡️ К заказу с этими параметрами
button-run = ✅ Запустить
button-options = ⚙️ Параметры
button-order = ⬅️ К заказу
button-topup = 💳 Пополнить
button-free = 🎁 Бесплатные
button-back = ⬅️ Назад
button-newer = ⬅️
button-older = ➡️
button-model = 🤖 О модели
button-default = ↩️ Как обычно
button-take-back = 🚫 Снять с очереди
button-send-again = 📥 Прислать ещё раз
button-search-again = 🔍 Другой поиск
button-question = ❔ { $question }

## Команды (подсказки в меню Телеграма)

command-start = Начать сначала
command-menu = Главное меню
command-balance = Баланс и движения
command-history = Мои задачи
command-free = Бесплатные модели
command-help = Как это работает
command-support = Поддержка
command-lang = Язык: русский или английский
command-cancel = Отменить то, что начато
command-unknown = Такой команды нет. Вот что я умею:

## Списки и поиск

list-title =
    <b>{ $title }</b>

    { $count ->
        [one] { $count } модель
        [few] { $count } модели
       *[many] { $count } моделей
    }. Нажмите на модель, чтобы узнать о ней больше.
list-page = Страница { $page } из { $pages }
list-free-note =
    { $hourly ->
        [one] Каждую можно запустить бесплатно { $hourly } раз в час
        [few] Каждую можно запустить бесплатно { $hourly } раза в час
       *[many] Каждую можно запустить бесплатно { $hourly } раз в час
    }, { $daily ->
        [one] { $daily } раз
        [few] { $daily } раза
       *[many] { $daily } раз
    } в сутки. Сверх того — по цене.
list-item-free = 🆓 { $title }
list-item-price = { $title } · от { $price }
list-item-no-price = { $title }
search-ask =
    🔍 <b>Поиск модели</b>

    Напишите название или что нужно сделать: «видео», «фон», «голос», «nano».
search-too-short = Напишите хотя бы две буквы — так найдётся больше толку.
search-found =
    🔍 По запросу «{ $query }» { $count ->
        [one] нашлась { $count } модель
        [few] нашлось { $count } модели
       *[many] нашлось { $count } моделей
    }:
search-nothing =
    🔍 По запросу «{ $query }» ничего не нашлось.

    Попробуйте другое слово: «видео», «картинка», «голос».

## Карточка модели

card =
    <b>{ $title }</b>
    { $vendor } · { $task }

    { $description }

    { $price }
    { $time }
card-price-from = 💰 Цена: от { $price }
card-price-free =
    🆓 Бесплатно: { $left ->
        [one] остался { $left } запуск
        [few] осталось { $left } запуска
       *[many] осталось { $left } запусков
    } (потом от { $price })
card-no-price = 💰 Сейчас не продаётся
time-seconds = ⏱ Обычно около { $seconds } сек
time-minutes = ⏱ Обычно около { $minutes } мин
card-inputs = ⚙️ <b>Параметры</b>
card-input-required = • { $label } — обязательно
card-input-optional = • { $label }: { $value }
card-example =
    💡 <b>Пример</b>
    <code>{ $example }</code>
card-write-prompt = ✍️ Напишите свой запрос прямо сейчас или нажмите «✨ Сгенерировать».

task-text-to-image = картинка по описанию
task-image-to-image = правка картинки
task-background-removal = удаление фона
task-image-upscale = увеличение картинки
task-text-to-video = видео по описанию
task-image-to-video = оживление картинки
task-video-to-video = правка видео
task-speech-to-video = говорящий портрет
task-watermark-removal = удаление водяного знака
task-text-to-speech = озвучка текста
task-sound-effect = звуковой эффект
task-audio-isolation = очистка голоса от шума

## Форма

form-ask =
    ✍️ <b>{ $title }</b>

    <b>{ $label }</b>
    { $help }

    💡 Например: <code>{ $example }</code>
form-ask-plain =
    ✍️ <b>{ $title }</b>

    <b>{ $label }</b>
    { $help }
options =
    ⚙️ <b>{ $title }</b>

    📝 { $prompt }

    Параметры можно поменять кнопками или сразу перейти к заказу. Новый текст заменит запрос.

    { $price }
option-line = { $label }: { $value }
option-edit =
    ⚙️ <b>{ $label }</b>
    { $help }

    Сейчас: { $value }
option-type-text = Напишите новое значение сообщением.
option-type-number = Напишите число от { $min } до { $max }.
option-pick = Выберите кнопкой.
value-files =
    { $count ->
        [one] { $count } файл
        [few] { $count } файла
       *[other] { $count } файлов
    }
value-unset = не задано
value-on = да
value-off = нет
value-chosen = 🔘 { $value }

## Подтверждение

confirm =
    🔍 <b>Проверьте заказ</b>

    🤖 Модель: { $title }
    { $inputs }

    📦 Получите: { $output }
    { $time }
    { $price }
    👛 Баланс: { $balance }

    Деньги спишутся ТОЛЬКО при успешной генерации.
confirm-input = • { $label }: { $value }
confirm-price = 💰 Цена: { $price }
confirm-price-free = 🆓 Бесплатно (осталось { $left })
confirm-short = ⚠️ На балансе не хватает { $missing }.
confirm-price-changed = ⚠️ Цена изменилась, посмотрите ещё раз. Ничего не списано.
confirm-restored = 🔄 Бот восстановлен из резервной копии и мог забыть последние события. Если этот заказ вам уже пришёл, запускать его снова не нужно. Если нет, подтвердите ещё раз: сейчас ничего не списано.
output-image = картинку
output-video = видео
output-audio = аудио
toast-running = Уже запущено — результат придёт сюда.
toast-started = 🚀 Запускаю!
toast-stale = Этот экран устарел, вот свежий.
toast-cancelled = Заказ отменён, деньги не списаны.
toast-slow-down = Чуть медленнее, пожалуйста: слишком много нажатий. Подождите несколько секунд.
toast-chosen = Готово
toast-taken-back = Снято с очереди.
toast-too-late = Уже в работе — отменить нельзя. Если не получится, деньги вернутся.
toast-not-cancellable = Эта задача уже закончена.
toast-sent-again = Отправляю ещё раз.
toast-no-files = Файлы этой задачи уже недоступны.
cancelled =
    ❌ Отменено. Деньги не списаны.

    Что будем делать?
not-sold-short =
    💸 <b>Не хватает денег</b>

    Цена: { $price }
    На балансе: { $available }
    Не хватает: { $missing }

    Нажмите «💳 Пополнить» или попробуйте «🎁 Бесплатные».
not-sold-too-many =
    ⏳ { $limit ->
        [one] Одновременно может идти { $limit } задача
        [few] Одновременно могут идти { $limit } задачи
       *[many] Одновременно могут идти { $limit } задач
    }. Дождитесь, пока одна из них закончится. Ничего не списано.
not-sold-queue-full = ⏳ Сейчас очень много заказов, очередь полна. Попробуйте через пару минут. Ничего не списано.
not-sold-not-selling = 🔧 Приём заказов ненадолго остановлен. Ваши деньги на месте, уже начатые задачи завершатся. Загляните чуть позже.
not-sold-model = 🔧 Эта модель временно не работает. Выберите, пожалуйста, другую. Ничего не списано.
not-sold-banned = 🚫 Заказы для вашего аккаунта закрыты. Если это ошибка, напишите в поддержку.
not-sold-no-price = 🔧 Для этой модели сейчас нет цены, поэтому она не продаётся. Мы уже разбираемся.

## Что не так со значением

wrong-empty = ⚠️ «{ $label }»: пустое сообщение не подойдёт. Напишите словами.
wrong-too-short =
    ⚠️ «{ $label }»: слишком коротко. Нужно хотя бы { $min ->
        [one] { $min } символ
        [few] { $min } символа
       *[many] { $min } символов
    }, а у вас { $chars }.
wrong-too-long =
    ⚠️ «{ $label }»: слишком длинно. Поместится { $max ->
        [one] { $max } символ
        [few] { $max } символа
       *[many] { $max } символов
    }, а у вас { $chars }. Сократите, пожалуйста.
wrong-control = ⚠️ «{ $label }»: в тексте есть невидимые служебные символы. Наберите его заново, пожалуйста.
wrong-choice = ⚠️ «{ $label }»: такого варианта нет. Выберите кнопкой.
wrong-boolean = ⚠️ «{ $label }»: ответьте «да» или «нет».
wrong-integer = ⚠️ «{ $label }»: нужно целое число.
wrong-number = ⚠️ «{ $label }»: нужно число, например 0,5.
wrong-range = ⚠️ «{ $label }»: нужно число от { $min } до { $max }.
wrong-step = ⚠️ «{ $label }»: числа идут от { $min } с шагом { $step }.
wrong-link = ⚠️ «{ $label }»: нужна ссылка, которая начинается с https://
wrong-host = ⚠️ «{ $label }»: нужна ссылка, которая начинается с https://{ $host }/
wrong-too-many = ⚠️ «{ $label }»: слишком много файлов, можно не больше { $max }.
wrong-not-words = ⚠️ «{ $label }»: здесь нужен файл или ссылка на него. Пришлите его в чат.
wrong-file = ⚠️ «{ $label }»: такой файл не подойдёт. Нужен { $accept }.
wrong-large = ⚠️ «{ $label }»: файл слишком большой, можно до { $max } МБ.
wrong-sides = ⚠️ «{ $label }»: картинка { $width }×{ $height }, а каждая сторона должна быть от { $min } до { $max } точек.
wrong-pixels = ⚠️ «{ $label }»: картинка { $width }×{ $height }, это больше { $max } мегапикселей.
wrong-long = ⚠️ «{ $label }»: запись длится { $seconds } с, а можно до { $max } с. Пришлите короче.
wrong-no-length = ⚠️ «{ $label }»: не удалось узнать, сколько длится запись. Пришлите её в MP3, WAV или OGG.
wrong-conflict = ⚠️ «{ $label }» и «{ $other }» в таком сочетании не работают. Поменяйте что-то одно.
wrong-other = ⚠️ «{ $label }»: такое значение не подходит. Попробуйте другое.

## Деньги

balance =
    💰 <b>Баланс</b>

    Доступно: <b>{ $available }</b>
    В резерве: { $held }

    В резерве деньги за задачи, которые ещё идут: они спишутся только за готовый результат.
balance-moves = 📒 <b>Последние движения</b>
balance-no-moves = Движений пока нет.
move-in = { $at } · { $kind } · +{ $amount }
move-out = { $at } · { $kind } · −{ $amount }
move-neutral = { $at } · { $kind } · { $amount }
move-topup = Пополнение
move-bonus = Подарок
move-hold = Резерв
move-charge = Списание
move-release = Освобождение
move-refund = Возврат
move-adjust = Корректировка
prices =
    💎 <b>Тарифы</b>

    Цена зависит от модели: от { $least } до { $most } за одну генерацию. Списываем только за готовый результат; если не получилось, деньги возвращаются сами.
prices-line-free = 🆓 { $title } — { $price } сверх бесплатных
prices-line = • { $title } — от { $price }

## Мои задачи

jobs = 📋 <b>Мои задачи</b>
jobs-none =
    📋 <b>Мои задачи</b>

    Здесь пока пусто. Выберите модель и создайте что-нибудь!
jobs-item = { $status } { $title } · { $at }
job-card =
    📋 <b>{ $title }</b>

    { $status }
    💰 { $price }
    🕒 { $at }
job-card-prompt = 📝 { $prompt }
job-card-reason = Причина: { $reason }
job-card-code = 🆘 Код: { $code }
job-price-free = Бесплатно
job-gone = Такой задачи у вас нет.
status-queued = 🕐 В очереди
status-working = ⚙️ В работе
status-done = ✅ Выполнено
status-failed = ❌ Не удалось, деньги вернулись
status-cancelled = 🚫 Снято, деньги вернулись
status-gift = 🎁 Пришло позже, бесплатно

## Помощь

help =
    📖 <b>Как это работает</b>

    1. Выберите, что создать, и модель.
    2. Напишите запрос словами.
    3. Проверьте заказ и нажмите «✅ Запустить».

    Результат придёт прямо в этот чат. Деньги списываются только за готовый результат.
help-free-question = Как создавать бесплатно?
help-free =
    🎁 <b>Как создавать бесплатно</b>

    Пять моделей бесплатны. { $hourly ->
        [one] Каждую можно запустить { $hourly } раз в час
        [few] Каждую можно запустить { $hourly } раза в час
       *[many] Каждую можно запустить { $hourly } раз в час
    } и { $daily ->
        [one] { $daily } раз
        [few] { $daily } раза
       *[many] { $daily } раз
    } в сутки. Бесплатный запуск берётся сам; если генерация не удалась, он возвращается.
help-topup-question = Как положить деньги на баланс?
help-prices-question = Откуда берутся цены?
help-prices =
    💎 <b>Откуда берутся цены</b>

    У каждой модели своя цена за одну генерацию; она видна на карточке и ещё раз перед запуском. Скрытых доплат нет.
help-errors-question = Что делать, если ошибка?
help-errors =
    🆘 <b>Если что-то пошло не так</b>

    Деньги вернутся сами. В сообщении об ошибке есть код вида <code>RQ-a1b2c3d4</code>: пришлите его в поддержку, по нему мы увидим всё, что случилось с вашим запросом.
support =
    ❓ <b>Поддержка</b>

    { $contact }

    Если была ошибка, пришлите её код вида <code>RQ-a1b2c3d4</code>: он есть в сообщении об ошибке и в «Мои задачи». По коду мы увидим весь путь запроса.
    Ваш номер: <code>{ $user }</code>
contact-known = 💬 Напишите: { $contact }
contact-unknown = 💬 Напишите человеку, который дал вам этого бота.
lang-pick = 🌐 Язык / Language
lang-ru = Русский
lang-en = English
unsupported = Такие сообщения я пока не понимаю. Напишите словами или выберите кнопкой.
group-only-private = Я работаю только в личных чатах: напишите мне @{ $bot }. До встречи!

## Задача: ход и итог (job-*)

job-queued =
    🕐 <b>{ $model }</b>

    Заказ принят и ждёт своей очереди. Пришлю результат сюда.
job-sending =
    📤 <b>{ $model }</b>

    Передаю заказ нейросети…
job-working =
    ⚙️ <b>{ $model }</b>

    Работаю над заказом. Обычно это занимает около { $seconds } сек.
job-status-done = ✅ <b>{ $model }</b> — готово.
job-status-failed = ❌ <b>{ $model }</b> — не получилось.
job-status-cancelled = 🚫 <b>{ $model }</b> — снято с очереди.
job-done-caption =
    ✅ { $model }
    Списано: { $price }
job-done-caption-free =
    ✅ { $model }
    🆓 Бесплатно
job-late-gift =
    🎁 { $model }
    Результат всё-таки пришёл. Деньги за него уже вернулись к вам — он ваш в подарок.
job-failed =
    ❌ Генерация не удалась

    Модель: { $model }
    Ошибка: { $reason }
    { $money }

    🆘 Код ошибки: { $code }
    💬 Отправьте этот код в поддержку
job-cancelled =
    🚫 Задача снята с очереди

    Модель: { $model }
    { $money }
job-may-come-late = Если результат всё же придёт позже, мы отдадим его бесплатно.
job-undeliverable-refund =
    ❌ Не получилось прислать результат

    Модель: { $model }
    Ошибка: Телеграм не принял файл
    { $money }

    🆘 Код ошибки: { $code }
    💬 Отправьте этот код в поддержку
reason-cancelled = вы сняли задачу с очереди
reason-queue-timeout = очередь не двигалась слишком долго
reason-no-credit = сервис генерации временно недоступен
reason-key-refused = сервис генерации временно недоступен
reason-paused = модель временно отключена
reason-model-gone = модель больше не доступна
reason-rejected = нейросеть не приняла запрос: { $message }
reason-task-failed = нейросеть не справилась: { $message }
reason-no-answer = нейросеть не ответила
reason-deadline = нейросеть работала слишком долго
reason-result-lost = результат готов, но получить его файлы не удалось
money-returned = 💰 Деньги вернулись на баланс: { $amount }
money-free-returned = 🆓 Бесплатный запуск вернулся
money-nothing-charged = 💰 Ничего не списано
error-ours =
    😔 Что-то сломалось у нас, и мы уже знаем об этом. Деньги не списаны.

    🆘 Код ошибки: { $code }
    💬 Отправьте этот код в поддержку

## Тревоги для владельца

alarm-parked = 🚨 Сообщение покупателя не удалось обработать, оно отложено. { $detail }
alarm-no-credit = 🚨 У KIE закончились деньги. Продажи остановлены, деньги покупателей возвращены. Пополните баланс KIE. { $detail }
alarm-key-refused = 🚨 KIE не принимает наш ключ. Продажи остановлены на десять минут. Проверьте KIE_API_KEY. { $detail }
alarm-model-stopped = ⚠️ Модель отключена у KIE и пока не продаётся. { $detail }
alarm-selling-stopped = 🚨 Нарушено правило учёта, продажи остановлены. Запустите samovar audit, потом samovar selling on. { $detail }
alarm-disk-full = 🚨 На диске почти не осталось места: { $detail }. Продажи и приём сообщений остановлены, начатое доделывается. Освободите место, и всё пойдёт дальше само.
alarm-models-missing = ⚠️ В списке моделей KIE больше нет наших: { $detail }. Они продаются, пока KIE не откажет; деньги за отказ возвращаются.
alarm-result-lost = ⚠️ Результат был готов, но отправить файлы клиенту не удалось; деньги возвращены. { $detail }

## Files

card-send-file = 📎 Пришлите файл прямо сейчас или нажмите «✨ Сгенерировать».
needs-earlier-job = 📎 Эта модель улучшает видео, которое уже сделал этот бот: сделайте видео моделью Grok Imagine и нажмите под ним «⬆️ Улучшить качество».
files-pick-first = 📎 Файл вижу, но ещё не знаю, что с ним делать. Сначала выберите модель в меню, потом пришлите его снова.
files-not-taken = ⚠️ Такой файл модели «{ $title }» не нужен, ничего не изменилось.
files-too-big = ⚠️ Telegram отдаёт ботам файлы только до 20 МБ. Положите файл на любой хостинг и пришлите прямую ссылку https:// на него.
files-link-too-big = ⚠️ Файл по ссылке больше 32 МБ, такой не подойдёт ни одной модели. Сожмите его или возьмите другой.
files-not-public = ⚠️ По этой ссылке файл не взять: нужен публичный адрес, который начинается с https://
files-gone = ⚠️ Файл не открывается: его там нет или доступ закрыт. Пришлите другой.
files-unreachable = ⚠️ Не получилось скачать файл, хотя я пробовал несколько раз. Пришлите его ещё раз или дайте другую ссылку.
files-unreadable = ⚠️ Файл пришёл, но прочитать его не получается: похоже, он повреждён. Пришлите другой.
files-opening-link = 🔗 Открываю вашу ссылку. Обычно это секунды, самое большее — минута.
files-limits =
    📎 Пришлите файл или ссылку https:// на него: { $accept }, до { $mb } МБ{ $seconds ->
        [0] .
       *[other] , до { $seconds } секунд.
    }
files-limits-list = 📎 Пришлите до { $count } файлов (можно альбомом) или ссылки https://: { $accept }, до { $mb } МБ каждый.
files-collecting =
    📎 { $label }: принято { $count } из { $max }.

    Пришлите ещё или нажмите «✅ Готово».
button-enough = ✅ Готово
button-files-anew = 🗑 Прислать заново
button-files-remove = 🗑 Убрать
button-upscale = ⬆️ Улучшить качество
toast-looking = Смотрю ваш файл, секунду…
value-earlier-job = ваше видео
reason-input-lost = не удалось взять ваш файл: его больше нет или он изменился
job-done-link =
    📦 Файл слишком большой для Telegram. Вот ссылка, она работает около суток, сохраните файл себе:
    { $links }

## Quick tasks and models that are not to be had

list-item-stopped = ⏸ { $title } · временно недоступна
card-stopped = ⏸ Модель временно недоступна: она не отвечает у поставщика. Попробуйте позже или возьмите похожую.
menu-quick = ⚡ Быстрые задачи
quick-ask =
    ⚡ <b>Быстрые задачи</b>

    Готовая модель, формат и пример запроса. Замените запрос своими словами и запускайте.
quick-post = 📷 Пост для соцсетей
quick-post-prompt = Уютная кофейня утром: чашка капучино, круассан, мягкий свет из окна, место для подписи сверху
quick-preview = ▶️ Обложка для YouTube
quick-preview-prompt = Обложка ролика: удивлённый путешественник на фоне вулкана, яркие контрастные цвета, крупный план, свободное место справа
quick-logo = ✒️ Логотип
quick-logo-prompt = Минималистичный логотип чайной лавки: силуэт самовара из одной линии, тёмно-зелёный на белом фоне, вектор
quick-tiktok = 🎵 Ролик для TikTok
quick-tiktok-prompt = Рыжий кот в солнечных очках едет на скейтборде по набережной, камера летит рядом, яркий летний день
quick-reels = 🎞 Видео для Reels
quick-reels-prompt = Капля мёда медленно падает на стопку блинов, пар, тёплый свет, макросъёмка
quick-card = 💌 Открытка
quick-card-prompt = Поздравительная открытка: букет полевых цветов в стеклянной вазе, акварель, нежные цвета
job-options = ⚙️ { $options }
button-change = ✏️ Изменить
button-reset = ↩️ Всё как обычно

# All that the bot says in English. The keys are those of ru.ftl.
# Markup: Telegram's HTML. What is filled in is escaped by itself.

## Menu and greeting

start-hello =
    👋 Hello, <b>{ $name }</b>!

    This is Samovar: { $models } AI models here draw, film and speak.
start-free = Every day { $free } of them can be run for free, until the day's common limit is used up.
start-begin = Where shall we begin?
start-bonus = 🎁 We put { $amount } into your wallet — try any model.
menu =
    🏠 <b>Main menu</b>

    What shall we make?
menu-pick-first = To make something, pick a model first and then write your prompt.
group-image = 🎨 Create a picture
group-edit = ✏️ Edit a picture
group-video = 🎬 Create a video
group-animate = 🎬 Animate a picture
group-restyle = 🎬 Edit a video
group-audio = 🎵 Audio
group-other = ⭐ More
group-free = 🎁 Free ones
group-popular = ⭐ Popular
menu-jobs = 📋 My tasks
menu-balance = 💰 Balance
menu-prices = 💎 Prices
menu-search = 🔍 Find a model
menu-support = ❓ Support
menu-help = 📖 How it works
menu-lang = 🌐 Русский

## Buttons

button-repeat = 🔁 Repeat
button-menu = 🏠 Menu
button-cancel = ❌ Cancel
button-generate = ✨ Generate
button-skip = ⏭ Skip all
button-continue = ➡️ Order with these options
button-run = ✅ Run
button-options = ⚙️ Options
button-order = ⬅️ To the order
button-topup = 💳 Top up
button-free = 🎁 Free ones
button-back = ⬅️ Back
button-newer = ⬅️
button-older = ➡️
button-model = 🤖 About the model
button-default = ↩️ As usual
button-take-back = 🚫 Take it back
button-send-again = 📥 Send it again
button-search-again = 🔍 Search again
button-question = ❔ { $question }

## Commands (Telegram's menu shows these)

command-start = Start over
command-menu = Main menu
command-balance = Balance and movements
command-history = My tasks
command-free = Free models
command-help = How it works
command-support = Support
command-lang = Language: Russian or English
command-cancel = Cancel what was begun
command-unknown = There is no such command. Here is what I can do:

## Lists and search

list-title =
    <b>{ $title }</b>

    { $count ->
        [one] { $count } model
       *[other] { $count } models
    }. Tap a model to learn more.
list-page = Page { $page } of { $pages }
list-free-note =
    { $hourly ->
        [one] Each runs free { $hourly } time an hour
       *[other] Each runs free { $hourly } times an hour
    }, { $daily ->
        [one] { $daily } time
       *[other] { $daily } times
    } a day, until the day's common limit is used up. Beyond that at its price.
free-off = There are no free runs just now; every model has its price.
free-bonus-only =
    🎁 No models are free just now, but you have { $left ->
        [one] { $left } free gift run
       *[other] { $left } free gift runs
    } left. One is used by itself for any generation of up to { $most }, until the day's common limit is used up.
list-item-free = 🆓 { $title }
list-item-price = { $title } · from { $price }
list-item-no-price = { $title }
search-ask =
    🔍 <b>Find a model</b>

    Write its name or what you need: “video”, “background”, “voice”, “nano”.
search-too-short = Two letters at least, please — that finds better things.
search-found =
    🔍 { $count ->
        [one] { $count } model
       *[other] { $count } models
    } for “{ $query }”:
search-nothing =
    🔍 Nothing found for “{ $query }”.

    Try another word: “video”, “picture”, “voice”.

## A model's card

card =
    <b>{ $title }</b>
    { $vendor } · { $task }

    { $description }

    { $price }
    { $time }
card-price-from = 💰 Price: from { $price }
card-price-free =
    🆓 Free: { $left ->
        [one] { $left } run
       *[other] { $left } runs
    } left (then from { $price })
card-free-spent = 🎁 Today's common limit of free runs is used up; tomorrow has a new one.
card-no-price = 💰 Not sold just now
time-seconds = ⏱ Usually about { $seconds } s
time-minutes = ⏱ Usually about { $minutes } min
card-inputs = ⚙️ <b>Options</b>
card-input-required = • { $label } — needed
card-input-optional = • { $label }: { $value }
card-example =
    💡 <b>Example</b>
    <code>{ $example }</code>
card-write-prompt = ✍️ Write your prompt right now or tap “✨ Generate”.

task-text-to-image = picture from words
task-image-to-image = picture editing
task-background-removal = background removal
task-image-upscale = picture enlargement
task-text-to-video = video from words
task-image-to-video = animated picture
task-video-to-video = video editing
task-speech-to-video = talking portrait
task-watermark-removal = watermark removal
task-text-to-speech = text to speech
task-sound-effect = sound effect
task-audio-isolation = voice clean-up

## The form

form-ask =
    ✍️ <b>{ $title }</b>

    <b>{ $label }</b>
    { $help }

    💡 For example: <code>{ $example }</code>
form-ask-plain =
    ✍️ <b>{ $title }</b>

    <b>{ $label }</b>
    { $help }
options =
    ⚙️ <b>{ $title }</b>

    📝 { $prompt }

    Change the options with the buttons, or go straight to the order. A new text replaces the prompt.

    { $price }
option-line = { $label }: { $value }
option-edit =
    ⚙️ <b>{ $label }</b>
    { $help }

    Now: { $value }
option-type-text = Write the new value as a message.
option-type-number = Write a number from { $min } to { $max }.
option-pick = Pick one with a button.
value-files =
    { $count ->
        [one] { $count } file
       *[other] { $count } files
    }
value-unset = not set
value-on = yes
value-off = no
value-chosen = 🔘 { $value }

## Confirm

confirm =
    🔍 <b>Check your order</b>

    🤖 Model: { $title }
    { $inputs }

    📦 You get: { $output }
    { $time }
    { $price }
    👛 Balance: { $balance }

    You are charged ONLY when the generation succeeds.
confirm-input = • { $label }: { $value }
confirm-price = 💰 Price: { $price }
confirm-price-free = 🆓 Free ({ $left } left)
confirm-short = ⚠️ Your balance is short by { $missing }.
confirm-price-changed = ⚠️ The price has changed, please look again. Nothing was charged.
confirm-restored = 🔄 The bot was restored from a backup and may have forgotten what happened last. If this order has already come, there is no need to run it again. If not, please confirm once more: nothing is charged yet.
output-image = a picture
output-video = a video
output-audio = audio
toast-running = It is running already — the result comes here.
toast-started = 🚀 Off it goes!
toast-stale = That screen was old; here is a fresh one.
toast-cancelled = Order cancelled, nothing was charged.
toast-slow-down = A little slower, please: too many taps. Wait a few seconds.
toast-chosen = Done
toast-taken-back = Taken back.
toast-too-late = It is being worked on and cannot be cancelled. If it fails, your money comes back.
toast-too-late-free = It is being worked on and cannot be cancelled. If it fails, your free run comes back.
toast-not-cancellable = This task is over already.
toast-sent-again = Sending it again.
toast-no-files = The files of this task are not available any more.
cancelled =
    ❌ Cancelled. Nothing was charged.

    What shall we make?
not-sold-short =
    💸 <b>Not enough money</b>

    Price: { $price }
    Balance: { $available }
    Missing: { $missing }

    Tap “💳 Top up”, or try the “🎁 Free ones”.
not-sold-too-many =
    ⏳ { $limit ->
        [one] { $limit } task can run at once
       *[other] { $limit } tasks can run at once
    }. Wait until one of them ends. Nothing was charged.
not-sold-queue-full = ⏳ There are very many orders now and the queue is full. Try again in a few minutes. Nothing was charged.
not-sold-not-selling = 🔧 Orders are stopped for a while. Your money is safe, and what was started will finish. Come back a little later.
not-sold-model = 🔧 This model is out of order for now. Please pick another one. Nothing was charged.
not-sold-banned = 🚫 Orders are closed for your account. If that is a mistake, write to support.
not-sold-no-price = 🔧 There is no price for this model just now, so it is not sold. Please pick another one. Nothing was charged.

## What is wrong with a value

wrong-empty = ⚠️ “{ $label }”: an empty message will not do. Write it in words.
wrong-too-short =
    ⚠️ “{ $label }”: too short. It takes at least { $min ->
        [one] { $min } character
       *[other] { $min } characters
    }, yours has { $chars }.
wrong-too-long =
    ⚠️ “{ $label }”: too long. { $max ->
        [one] { $max } character fits
       *[other] { $max } characters fit
    }, yours has { $chars }. Please shorten it.
wrong-control = ⚠️ “{ $label }”: the text has invisible control characters. Please type it anew.
wrong-choice = ⚠️ “{ $label }”: there is no such choice. Pick one with a button.
wrong-boolean = ⚠️ “{ $label }”: answer “yes” or “no”.
wrong-integer = ⚠️ “{ $label }”: a whole number is needed.
wrong-number = ⚠️ “{ $label }”: a number is needed, such as 0.5.
wrong-range = ⚠️ “{ $label }”: a number from { $min } to { $max } is needed.
wrong-step = ⚠️ “{ $label }”: the numbers go from { $min } in steps of { $step }.
wrong-link = ⚠️ “{ $label }”: a link that begins with https:// is needed.
wrong-host = ⚠️ “{ $label }”: a link that begins with https://{ $host }/ is needed.
wrong-too-many = ⚠️ “{ $label }”: too many files, at most { $max } will do.
wrong-not-words = ⚠️ “{ $label }”: a file, or a link to one, is needed here. Send it to this chat.
wrong-file = ⚠️ “{ $label }”: such a file will not do. It must be { $accept }.
wrong-large = ⚠️ “{ $label }”: the file is too large, up to { $max } MB will do.
wrong-sides = ⚠️ “{ $label }”: the picture is { $width }×{ $height }, each side must have { $min } to { $max } pixels.
wrong-pixels = ⚠️ “{ $label }”: the picture is { $width }×{ $height }, more than { $max } megapixels.
wrong-long = ⚠️ “{ $label }”: the recording plays { $seconds } s, at most { $max } s will do. Send a shorter one.
wrong-no-length = ⚠️ “{ $label }”: its length could not be read. Send it as MP3, WAV or OGG.
wrong-conflict = ⚠️ “{ $label }” and “{ $other }” do not go together like this. Change one of them.
wrong-other = ⚠️ “{ $label }”: this value will not do. Try another one.

## Money

balance =
    💰 <b>Balance</b>

    Available: <b>{ $available }</b>
    Reserved: { $held }

    Reserved is the money for tasks that still run (it is charged only for a finished result) and for payments that are being refunded.
balance-moves = 📒 <b>Last movements</b>
balance-no-moves = No movements yet.
move-in = { $at } · { $kind } · +{ $amount }
move-out = { $at } · { $kind } · −{ $amount }
move-neutral = { $at } · { $kind } · { $amount }
move-topup = Top-up
move-bonus = Gift
move-hold = Reserved
move-charge = Charged
move-release = Freed
move-refund = Refund
move-adjust = Correction
prices =
    💎 <b>Prices</b>

    The price depends on the model: from { $least } to { $most } for one generation. You pay only for a finished result; when it fails, the money comes back by itself.
prices-line-free = 🆓 { $title } — { $price } beyond the free runs
prices-line = • { $title } — from { $price }

## My tasks

jobs = 📋 <b>My tasks</b>
jobs-none =
    📋 <b>My tasks</b>

    Nothing here yet. Pick a model and make something!
jobs-item = { $status } { $title } · { $at }
job-card =
    📋 <b>{ $title }</b>

    { $status }
    💰 { $price }
    🕒 { $at }
job-card-prompt = 📝 { $prompt }
job-card-reason = Reason: { $reason }
job-card-code = 🆘 Code: { $code }
job-price-free = Free
job-gone = You have no such task.
job-model-gone = The model of this task is not in the bot any more. Please pick another one.
job-task-gone = We do not have the video of this task any more, so it cannot be improved. Make a new one; it has this button below it.
status-queued = 🕐 Queued
status-working = ⚙️ In progress
status-done = ✅ Done
status-failed = ❌ Failed, money returned
status-failed-free = ❌ Failed, free run returned
status-cancelled = 🚫 Taken back, money returned
status-cancelled-free = 🚫 Taken back, free run returned
status-refunded = ↩️ Money returned
status-refunded-free = ↩️ Could not be sent, free run returned
status-gift = 🎁 Came late, for free

## Help

help =
    📖 <b>How it works</b>

    1. Pick what to make, and a model.
    2. Write your prompt.
    3. Check the order and tap “✅ Run”.

    The result comes right into this chat. You are charged only for a finished result.
help-free-question = How do I create for free?
help-free =
    🎁 <b>How to create for free</b>

    Five models are free. { $hourly ->
        [one] Each runs { $hourly } time an hour
       *[other] Each runs { $hourly } times an hour
    } and { $daily ->
        [one] { $daily } time
       *[other] { $daily } times
    } a day, until the day's common limit is used up. A free run is used by itself; when the generation fails, it comes back.
help-topup-question = How do I top up?
help-prices-question = How are prices made?
help-prices =
    💎 <b>How prices are made</b>

    Every model has its own price for one generation; you see it on the card and once more before the start. There are no hidden extras.
help-errors-question = What if there is an error?
help-errors =
    🆘 <b>If something went wrong</b>

    Your money comes back by itself. The error message has a code such as <code>RQ-a1b2c3d4</code>: send it to support, it shows us all that happened to your request.
support =
    ❓ <b>Support</b>

    { $contact }

    If there was an error, send its code, such as <code>RQ-a1b2c3d4</code>: it is in the error message and under “My tasks”. It shows us the whole way of the request.
    Your number: <code>{ $user }</code>
contact-known = 💬 Write to { $contact }
contact-unknown = 💬 Write to the person who gave you this bot.
lang-pick = 🌐 Язык / Language
lang-ru = Русский
lang-en = English
unsupported = I do not understand such messages yet. Write in words or use the buttons.
group-only-private = I work only in private chats: write to me at @{ $bot }. See you!

## A task: progress and end (job-*)

job-queued =
    🕐 <b>{ $model }</b>

    Your order is accepted and waits for its turn. The result comes here.
job-sending =
    📤 <b>{ $model }</b>

    Handing your order to the model…
job-working =
    ⚙️ <b>{ $model }</b>

    Working on it.
    { $time }
job-status-done = ✅ <b>{ $model }</b> — done.
job-status-failed = ❌ <b>{ $model }</b> — it did not work out.
job-status-cancelled = 🚫 <b>{ $model }</b> — taken back.
job-done-caption =
    ✅ { $model }
    Charged: { $price }
job-done-caption-free =
    ✅ { $model }
    🆓 Free
job-late-gift =
    🎁 { $model }
    The result came after all. Your money for it is back already — it is a gift.
job-late-gift-free =
    🎁 { $model }
    The result came after all. Your free run for it is back already — it is a gift.
job-failed =
    ❌ The generation failed

    Model: { $model }
    Error: { $reason }
    { $money }

    🆘 Error code: { $code }
    💬 Send this code to support
job-cancelled =
    🚫 The task was taken back

    Model: { $model }
    { $money }
job-may-come-late = Should the result come later after all, you get it for free.
job-undeliverable-refund =
    ❌ The result could not be sent

    Model: { $model }
    Error: Telegram did not take the file
    { $money }

    🆘 Error code: { $code }
    💬 Send this code to support
reason-cancelled = you took the task back
reason-queue-timeout = the queue did not move for too long
reason-no-credit = the generation service is unavailable for now
reason-key-refused = the generation service is unavailable for now
reason-paused = the model is switched off for now
reason-model-gone = the model is not available any more
reason-rejected = the model did not accept the request: { $message }
reason-task-failed = the model could not do it: { $message }
reason-no-answer = the model did not answer
reason-deadline = the model took too long
reason-result-lost = the result was ready, but its files could not be fetched
money-returned = 💰 Your money is back in your wallet: { $amount }
money-free-returned = 🆓 Your free run is back
money-nothing-charged = 💰 Nothing was charged
error-ours =
    😔 Something broke on our side, and we know about it. Nothing was charged.

    🆘 Error code: { $code }
    💬 Send this code to support

## Alarms for the operator

alarm-parked = 🚨 A customer's message could not be handled and was put aside. { $detail }
alarm-mail-parked = 🚨 A message to a customer was put aside: its row cannot be read, so it cannot be sent. { $detail }
alarm-no-credit = 🚨 KIE is out of credit. Selling is stopped, customers got their money back. Top up your KIE account. { $detail }
alarm-key-refused = 🚨 KIE refuses our key. Selling is stopped for ten minutes. Check KIE_API_KEY. { $detail }
alarm-model-stopped = ⚠️ A model is switched off at KIE and is not sold for now. { $detail }
alarm-selling-stopped = 🚨 A rule of the books is broken, selling is stopped. Run samovar audit, then samovar selling on. { $detail }
alarm-disk-full = 🚨 The disk is almost full: { $detail }. Selling and taking messages have stopped; what was begun goes on to its end. Make room, and all goes on by itself.
alarm-models-missing = ⚠️ KIE’s list of models lacks some of ours: { $detail }. They are sold until KIE refuses them; a refusal gives the money back.
alarm-result-lost = ⚠️ A result was ready, but its files could not be sent to the customer; the money, or the free run, went back. { $detail }
alarm-not-fetched = ⚠️ A result was ready, but its files could not be fetched from KIE; the money, or the free run, went back. { $detail }

## Files

card-send-file = 📎 Send the file right now or tap “✨ Generate”.
needs-earlier-job = 📎 This model improves a video that this bot has made: make one with Grok Imagine and tap “⬆️ Improve quality” below it.
files-pick-first = 📎 I see the file and do not know yet what to do with it. Pick a model in the menu first, then send it again.
files-not-taken = ⚠️ “{ $title }” has no use for such a file; nothing was changed.
files-too-big = ⚠️ Telegram gives bots files of up to 20 MB only. Put the file on any hosting and send a direct https:// link to it.
files-link-too-big = ⚠️ The file behind the link is larger than 32 MB; no model takes that. Make it smaller, or send another one.
files-not-public = ⚠️ A file cannot be taken from this link: it needs a public address that begins with https://
files-gone = ⚠️ The file does not open: it is not there, or not for everybody. Send another one.
files-unreachable = ⚠️ The file could not be fetched. Send it once more, or another link.
files-unreadable = ⚠️ The file came, but it cannot be read: it seems to be damaged. Send another one.
files-opening-link = 🔗 Opening your link. That takes seconds as a rule, sometimes a couple of minutes.
files-limits =
    📎 Send the file, or an https:// link to it: { $accept }, up to { $mb } MB{ $seconds ->
        [0] .
       *[other] , up to { $seconds } seconds.
    }
files-limits-list = 📎 Send up to { $count } files (an album will do) or https:// links: { $accept }, up to { $mb } MB each.
files-collecting =
    📎 { $label }: { $count } of { $max } are here.

    Send more or tap “✅ Done”.
button-enough = ✅ Done
button-files-anew = 🗑 Start over
button-files-remove = 🗑 Remove
button-upscale = ⬆️ Improve quality
toast-looking = Looking at your file, one second…
value-earlier-job = your video
reason-input-lost = your file could not be had again, or it was changed
job-done-link =
    📦 The file is too large for Telegram. Here is a link, good for about a day, so save the file:
    { $links }

## Quick tasks and models that are not to be had

list-item-stopped = ⏸ { $title } · not available now
card-stopped = ⏸ This model is not sold just now. Try later, or take a similar one.
menu-quick = ⚡ Quick tasks
quick-ask =
    ⚡ <b>Quick tasks</b>

    A model, a format and a sample prompt are ready. Put in your own words and start.
quick-post = 📷 A post
quick-post-prompt = A cosy coffee shop in the morning: a cup of cappuccino, a croissant, soft light from the window, room for a caption above
quick-preview = ▶️ A YouTube thumbnail
quick-preview-prompt = Video thumbnail: an amazed traveller in front of a volcano, bright contrasting colours, close-up, free space on the right
quick-logo = ✒️ A logo
quick-logo-prompt = Minimalist logo of a tea shop: the outline of a samovar in one line, dark green on white, vector
quick-tiktok = 🎵 A TikTok clip
quick-tiktok-prompt = A ginger cat in sunglasses rides a skateboard along the embankment, the camera flies beside it, a bright summer day
quick-reels = 🎞 A video for Reels
quick-reels-prompt = A drop of honey slowly falls on a stack of pancakes, steam, warm light, macro shot
quick-card = 💌 A greeting card
quick-card-prompt = Greeting card: a bunch of wild flowers in a glass vase, watercolour, gentle colours
job-options = ⚙️ { $options }
button-change = ✏️ Change
button-reset = ↩️ All as usual

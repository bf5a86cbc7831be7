# What operators read: /admin and messages about transfers.

## Transfers to check

admin-transfer =
    🏦 <b>Transfer No. { $number }: { $amount }</b>

    { $name } { $username }
    Id: <code>{ $user }</code>
    Balance: { $balance }
admin-transfer-decide = Check that the money has come, and decide.
admin-transfer-decided = This transfer was decided already.
admin-transfer-same-receipt = ⚠️ The same file was the receipt of payment No. { $number } before.
admin-approve = ✅ Credit
admin-other-amount = ✏️ Another amount
admin-reject = ❌ Reject
alarm-payment-odd = ⚠️ An unusual payment, credited to who paid: { $detail }. Its page says what is odd: /admin, “Find”, the payment’s number.
alarm-charged-back = ⚠️ A payment was taken back and left the wallet, which may be below zero: { $detail }
alarm-refund-refused = ⚠️ Telegram did not give the Stars back; the money is in the customer's wallet again: { $detail }
alarm-invoice-refused = 🚨 Telegram makes no invoices, and not for their amount: nobody can pay this way now. If it is cards, check PAYMENT_PROVIDER_TOKEN. { $detail }
alarm-payment-stuck = 🚨 A payment cannot be handled; it is tried again and again: { $detail }
## The desk

admin-home = 🛠 <b>The operator’s desk</b>
admin-selling = 🟢 Orders are taken
admin-not-selling =
    🔴 No orders are taken since { $since }
    Why: { $why }
admin-models-stopped =
    ⛔ { $count ->
        [one] { $count } model is
       *[other] { $count } models are
    } not sold
admin-jobs-open = ⚙️ Open tasks: { $open }, queued { $queued } of { $most }
admin-waiting = 📨 Waiting to be handled: { $updates }, to be sent: { $messages }
admin-credit =
    🔋 KIE: { $credits } credits (about { $dollars }), { $minutes ->
        [0] just now
        [one] { $minutes } minute ago
       *[other] { $minutes } minutes ago
    }
admin-credit-unknown = 🔋 KIE has not said yet what credit is left
admin-free = 🎁 Free today: { $spent } of { $budget }
admin-today =
    📊 Today: revenue { $revenue }, top-ups { $paid }
    🖼 Results sold: { $sold } · 👥 Customers: { $active }, new { $fresh }
admin-nothing = Nothing yet.

admin-button-find = 🔎 Find a customer or a task
admin-button-failures = 📉 Failures of a day
admin-button-days = 📊 Numbers by day
admin-button-models = 🤖 Models
admin-button-stop = ⏸ Stop taking orders
admin-button-sell = ▶️ Take orders
admin-button-log = 📓 Log of actions
admin-button-parked = 📥 Put aside
admin-button-fresh = 🔄 Refresh
admin-button-home = 🛠 To the desk
admin-button-person = 👤 To the customer
admin-button-credit = ➕ Credit
admin-button-debit = ➖ Debit
admin-button-moves = 📒 Movements
admin-button-jobs = 🖼 Tasks
admin-button-ban = 🚫 Close orders
admin-button-unban = 🔓 Open orders
admin-button-refund = 💸 Refund
admin-button-send-again = 📤 Send the result again
admin-button-yes = 👍 Yes, do it
admin-button-no = ↩️ No, back
admin-button-other-days =
    📅 { $days ->
        [one] { $days } day
       *[other] { $days } days
    }

## Finding

admin-ask-find =
    🔎 <b>Whom are we looking for?</b>

    Send a customer’s number, a @name, a code <code>RQ-…</code>, or the number of a task or a payment. Telegram’s number of a payment will do, too.
admin-found = Several fit “{ $query }”, pick one:
admin-found-nothing = Nothing fits “{ $query }”. Try another way: a @name, a code RQ-…, or the number of a customer, a task or a payment.
admin-found-part = Only the first { $count } customers were looked at. If yours is missing, search by number.

## A customer

admin-person =
    👤 <b>{ $name }</b> · { $username }
    Number: <code>{ $number }</code>
    With us since { $since }
    Last seen { $seen }

    👛 Available: <b>{ $available }</b>
    🔒 Reserved: { $held }
    ⚙️ Open tasks: { $open }
admin-person-banned = 🚫 Orders are closed by an operator
admin-person-blocked = 🔕 Has blocked the bot
admin-person-moves = 📒 <b>Last movements</b>
admin-person-jobs = 🖼 <b>Last tasks</b>
admin-moves = 📒 <b>Movements of customer { $number }</b>
admin-move = { $at } · { $sign }{ $amount } · { $reference } · { $why }
admin-jobs = 🖼 <b>Tasks of customer { $number }</b>

## A task

admin-job-line = { $icon } #{ $number } { $title } · { $price } · { $at }
admin-job =
    { $icon } <b>Task #{ $number }</b> · <code>{ $code }</code>
    Model: { $title }
    Customer: <code>{ $user }</code>
    State: { $state }
    Ordered: { $at }
    Price: { $price }, our cost { $cost }
    KIE’s number: <code>{ $task }</code>
admin-money-refunded = 💸 The money was given back
admin-money-free = 🆓 Free
admin-money-none = 💰 No money was taken for it
admin-money-held = 🔒 The money is reserved
admin-money-charged = 💰 The money was charged
admin-money-released = ↩️ The reserve was freed, the customer has the money
admin-delivery-none = ✉️ No outcome yet
admin-delivery-waiting = ✉️ The outcome waits to be sent
admin-delivery-done = ✉️ The outcome was delivered
admin-delivery-refused = ✉️ Telegram did not take the outcome: { $why }
admin-job-failed = ⚠️ { $reason }
admin-event = <code>{ $at }</code> { $what }: { $data }
admin-request = 🆘 <b>Request { $code }</b>

## Failures

admin-failures =
    📉 <b>Failures of the last 24 hours</b>

    Orders: { $all }, failed: { $failed }. Customers got { $back } back.
admin-failures-part = Only the newest { $count } orders were looked at.
admin-failure =
    <code>{ $code }</code> × { $count }
    { $reason }
    { $examples }

## Numbers

admin-days =
    📊 <b>Numbers by day</b>
    Days are UTC. KIE’s cost is at today’s rate.
admin-days-sum =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    } in all
admin-day =
    <b>{ $day }</b>
    Revenue { $revenue } (refunds { $refunded }), KIE { $cost }, margin <b>{ $margin }</b>
    Top-ups { $paid }, gifts { $given }, credited { $credited }, debited { $debited }
    Results: paid { $sold }, free { $free }
    Customers { $active }, new { $fresh }, paid for the first time { $first } (after free ones { $fromfree })
admin-day-short = { $day } · { $revenue } · margin { $margin } · 👥 { $active }, new { $fresh }

## Models

admin-models =
    🤖 <b>Models</b>

    Tap a model to switch it on or off.
admin-model-stopped = ⛔ { $title }: since { $since }, { $why }

## Actions

admin-ask-credit =
    ➕ <b>Credit { $name }</b> (<code>{ $number }</code>)
    { $available } is available now.

    Write an amount in roubles, such as 150 or 99.90.
admin-ask-debit =
    ➖ <b>Debit { $name }</b> (<code>{ $number }</code>)
    { $available } is available now.

    Write an amount in roubles, such as 150 or 99.90.
admin-amount-not-positive = ⚠️ The amount must be above zero. To take money off, use “➖ Debit”.
admin-amount-too-large = ⚠️ At most { $most } at once. Write a smaller amount.
admin-amount-again = Write an amount in roubles, such as 150 or 99.90.
admin-amount-wallet-full = ⚠️ The wallet cannot hold that much.
admin-ask-reason =
    { $what }

    ✍️ Write why: it stays in the log. Of a credit, a debit or a rejected transfer the customer sees it, too.
admin-reason-empty = ⚠️ A reason is needed. A few words will do.
admin-reason-long = ⚠️ Too long: a reason has up to 200 characters. Make it shorter.
admin-confirm =
    ❓ <b>Is this right?</b>

    { $what }
admin-confirm-money = Available now: { $before }, afterwards: { $after }
admin-confirm-reason = Reason: { $reason }
admin-done = ✅ Done: { $what }
admin-toast-done = Done.
admin-toast-done-before = That was done already; nothing happened a second time.
admin-not-customer = ⚠️ There is no such customer.
admin-not-job = ⚠️ There is no such task.
admin-not-model = ⚠️ There is no such model.
admin-not-short = ⚠️ That is more than there is: only { $available } can be taken. Nothing has changed.
admin-not-refund = ⚠️ There is nothing to give back: this task was not paid for, or the money is back already.
admin-not-on-its-way = ⚠️ The result is still on its way to the customer. Wait until it is there, then try again.
admin-not-files = ⚠️ There is nothing to send: the files are gone, or the money was given back.
admin-not-already = ℹ️ It is so already; nothing has changed.
admin-act-credit = ➕ Credit { $amount } to customer { $number }
admin-act-debit = ➖ Debit { $amount } from customer { $number }
admin-act-ban = 🚫 Close orders for customer { $number }
admin-act-unban = 🔓 Open orders for customer { $number }
admin-act-refund = 💸 Refund task #{ $number }
admin-act-send-again = 📤 Send the result of task #{ $number } again
admin-act-selling-on = ▶️ Take orders
admin-act-selling-off = ⏸ Stop taking orders
admin-act-model-on = ✅ Sell the model { $model }
admin-act-model-off = ⛔ Do not sell the model { $model }

## The log

admin-log = 📓 <b>Log of actions</b>
admin-log-line =
    <b>#{ $id }</b> · { $at } · { $who }
    { $what }
    Before: { $before } → after: { $after }
admin-parked =
    📥 <b>Updates put aside</b>
    They could not be handled; nothing was done for those they were about.
admin-parked-line =
    { $at } · { $update } · <code>{ $kind }</code>
    { $why }

## What the customer hears

told-credit =
    💰 { $amount } was put on your balance.
    Reason: { $reason }
    Available now: { $available }
told-debit =
    💰 { $amount } was taken off your balance.
    Reason: { $reason }
    Available now: { $available }
told-refund =
    💸 We gave you { $amount } back for “{ $model }” ({ $code }).
    Available now: { $available }

## Alarms

alarm-low-credit = 🔋 Little is left on the KIE account: { $detail } credits. Top it up, or selling will stop.
alarm-maintenance = 🚧 KIE is in maintenance: orders wait in the queue and go on by themselves. Whoever waits in vain gets the money back. { $detail }
alarm-error-burst = 📉 Several generations failed in a row. The last one: { $detail }. See /admin, “Failures of a day”.
alarm-backup-old = 🗄 There is no fresh backup. The last verified one: { $detail } See what is wrong with the place for backups: samovar backup list.
alarm-backup-stuck = 🗄 For more than ten minutes what changes has not reached the backup. { $detail }
alarm-backup-refused = 🗄 There will be no verified backup until you step in: { $detail }
alarm-certificate-ends = 🔐 The certificate of the bot’s address ends soon and is not being renewed. It is good until: { $detail }. Without it Telegram and KIE cannot call the bot. The log says why: journalctl -u samovar -p warning

## Payments

admin-button-open =
    🏦 Transfers to check{ $count ->
        [0] {""}
       *[other] : { $count }
    }
admin-button-payments = 🧾 Payments
admin-button-pay-back = ↩️ Refund the payment
admin-button-paid-back = ✅ The money was sent
admin-button-not-paid-back = ❌ It could not be sent
admin-button-receipt = 📎 Show the receipt
admin-toast-receipt = The receipt is below.
admin-send-back = 👉 Send { $amount } to the customer, then press “✅ The money was sent”. Until then it is reserved and cannot be spent.
admin-open =
    🏦 <b>Transfers to check</b>

    { $count ->
        [0] Nobody is waiting.
        [one] { $count } transfer is waiting.
       *[other] { $count } transfers are waiting.
    }
admin-payments = 🧾 <b>Payments of customer { $number }</b>
admin-payment-whose = 👤 Customer <code>{ $number }</code>, available { $available }
admin-odd-unknown-invoice = ⚠️ No invoice of ours asked for it.
admin-odd-late = ⚠️ Paid after its time.
admin-odd-other-amount = ⚠️ Not the amount of the invoice.
admin-odd-other-payer = ⚠️ The invoice was another customer’s; who paid has the money.
admin-odd-paid-twice = ⚠️ This invoice had been paid before.
admin-odd-banned = ⚠️ The customer may not order.
admin-odd-only-listed = ⚠️ Telegram did not tell of it; it was found among the Star transactions.
admin-ask-sum =
    ✏️ <b>How much came by transfer No. { $number }?</b>
    The customer promised { $amount }.

    Write an amount in roubles.
admin-sum-not-positive = ⚠️ The amount must be above zero. If no money came, go back and press “❌ Reject”.
admin-confirm-payment = The payment: { $amount } { $way }, customer <code>{ $number }</code>
admin-not-payment = ⚠️ There is no such payment.
admin-not-decided = ℹ️ This payment was decided already, or its time is over. Nothing has changed.
admin-not-spent = ⚠️ This money is spent: { $missing } is missing in the wallet. Only a payment that is still there as a whole can go back. Nothing has changed.
admin-act-approve = 🏦 Credit { $amount } of transfer No. { $number }
admin-act-reject = 🙅 Reject transfer No. { $number }
admin-act-pay-back = ↩️ Refund payment No. { $number }
admin-act-paid-back = 📤 The money of payment No. { $number } was sent back
admin-act-not-paid-back = 🔓 Payment No. { $number } could not be sent back; the customer has the money again

## Promo codes

admin-button-promos = 🎟 Promo codes
admin-act-promo-new = 🎟 Promo code { $code }: { $gift }, { $limit } uses at most
admin-act-promo-off = ⛔ End promo code { $code }
promos = 🎟 <b>Promo codes</b>
promos-more = And older ones: { $count }.
promo-line = <code>{ $code }</code> · { $gift } · { $used } of { $limit }
promo-line-until = until { $until }
promo-line-off = ⛔ ended
promo-gift-free = { $count ->
        [one] { $count } free run
       *[other] { $count } free runs
    }
promo-usage =
    A new code for ₽100: <code>/promo_new SUMMER 100 limit=50 until=31.12.2026</code>
    Free runs: <code>/promo_new START free=3 limit=50</code>
    End a code: <code>/promo_off SUMMER</code>

    Without limit a code works { $limit } times at most, without until it never expires. Each customer can use a code once.
promo-bad-code = ⚠️ This is no code: it needs 3 to 32 letters, digits, - and _, without blanks.
promo-bad-amount = ⚠️ After the code write an amount in roubles in digits, above zero and at most { $most }, or free= and the number of runs.
promo-bad-free = ⚠️ After free= write the number of free runs, 1 to { $free }.
promo-bad-limit = ⚠️ After limit= write the number of uses, 1 to { $uses }.
promo-bad-date = ⚠️ After until= write a day that is not over yet: 31.12.2026.
promo-bad-word = ⚠️ There is a word too many: an amount or free= is needed, and limit= and until= may follow.
promo-taken = ⚠️ There is such a code already. Think of another one.
promo-not-there = ⚠️ There is no such code. All codes: /promos
promo-off-before = ℹ️ This code is ended already; nothing has changed.
admin-button-taken-back = 🏦 The bank took the money back

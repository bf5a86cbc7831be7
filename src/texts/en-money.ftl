# Money: top-ups, payments, the statement, promo codes.

## Top-up

button-topup-by = ➕ Add { $amount }
button-back-to-order = ⬅️ Back to the order
topup =
    💳 <b>Top up</b>

    Your balance now: <b>{ $balance }</b>
    How much would you like to add?
topup-missing = ➕ What is missing: { $amount }
topup-other = ✏️ Another amount
topup-payments = 🧾 My payments
topup-ask = Write the amount in roubles: from { $least } to { $most }. For example: 250 or 99.90.
topup-choose =
    💳 <b>Top up by { $amount }</b>

    How would you like to pay?
topup-by-stars = { $stars ->
        [one] ⭐ { $stars } Telegram Star
       *[other] ⭐ { $stars } Telegram Stars
    }
topup-by-card = 💳 By bank card
topup-by-transfer = 🏦 By bank transfer
topup-too-little = Less than { $least } is not taken: nothing was charged. Please choose another amount.
topup-too-much = More than { $most } at once is not taken: nothing was charged. Please choose another amount.
topup-not-offered = You cannot pay this way now. Please choose another one.
topup-too-many-open =
    { $count ->
        [one] { $count } transfer of yours is
       *[other] { $count } transfers of yours are
    } open: not paid yet, or being checked by an operator. Wait for the answer, close one under “🧾 My payments”, or pay with Stars.
topup-banned = You cannot top up. Write to support, and we will look into it.
topup-not-selling = Top-ups are paused while we check the books. Nothing was charged, please try later.
amount-malformed = That does not look like an amount.
amount-too-precise = An amount has at most two decimals.
amount-too-little = That is too little.
amount-too-large = That is too much.
toast-invoice = The invoice is below
invoice-title = Balance top-up
invoice-description-stars =
    { $amount } will be added to your balance. To pay: { $stars ->
        [one] { $stars } Star
       *[other] { $stars } Stars
    }. Good for a day.
invoice-description-card = { $amount } will be added to your balance. Good for a day.
pre-checkout-unknown = This invoice is not yours or is out of date. Nothing was charged. Open “Balance” and make a new one.
pre-checkout-over = This invoice was paid already, or its time is over. Nothing was charged. Please make a new one.

## Payments

way-stars = ⭐ with Telegram Stars
way-card = 💳 by card
way-manual = 🏦 by transfer
payment-credited =
    ✅ <b>{ $amount } added to your balance</b>

    Payment No. { $number }, { $way }.
    Your balance now: <b>{ $balance }</b>
payment-banned = You cannot order just now. To get the money back, write to support: { $contact }
payment-refunded-stars =
    ↩️ <b>Payment No. { $number } was refunded</b>

    The Stars for { $amount } are back with you in Telegram. Left on your balance: { $balance }
payment-refunded =
    ↩️ <b>Payment No. { $number } was refunded</b>

    { $amount } was sent back to you. Left on your balance: { $balance }
payment-going-back =
    ↩️ <b>Payment No. { $number } is being refunded</b>

    { $amount } is set aside on your balance while the operator sends it to you. Available: { $balance }
payment-not-back =
    ⚠️ <b>Payment No. { $number } could not be refunded</b>

    { $amount } is on your balance again. Available: { $balance }
    To find another way, write to support: { $contact }
payment-charged-back =
    ↩️ <b>Payment No. { $number } was taken back</b>

    The money for it is back with you, so { $amount } left your balance. Your balance now: { $balance }
payment-rejected =
    ❌ <b>Transfer No. { $number } was not found</b>

    Amount: { $amount }
    The operator says: { $why }
    Nothing was added to your balance. If the money has left your account, write to support: { $contact }
payment-expired = ⌛ Request No. { $number } for { $amount } is closed: no receipt came within three days. If you did send the money, write to support.
payment-expired-claimed = ⌛ Request No. { $number } for { $amount } is closed: nobody checked it within three days. Write to support with the receipt; the money is not lost.
payment-not-invoiced = No invoice for { $amount } could be made: the payment provider does not take this amount. Nothing was charged; try another amount or another way.
payment-way-broken = No invoice for { $amount } could be made: this way to pay does not work just now, and the owner of the bot knows. Nothing was charged. Try another way, or come back later.
payment-not-sent = The invoice for { $amount } could not be sent: there was no connection to Telegram for days. Nothing was charged. If you still want to top up, ask for a new one.
payment-gone = You have no such payment.
payment-show = 🧾 Open the payment
payments = 🧾 <b>My payments</b>
payments-none =
    🧾 <b>My payments</b>

    There were no payments yet.
payments-item = { $mark } { $amount } · { $at }
payment-page =
    🧾 <b>Payment No. { $number }</b>

    Amount: <b>{ $amount }</b>
    Way: { $way }
    { $state }
payment-step = • { $at }: { $what }
payment-charge = Telegram's number: <code>{ $charge }</code>
payment-state-asked = ⏳ Waiting for the payment
payment-state-claimed = 🔎 An operator is checking the receipt
payment-state-rejected = ❌ The operator found no money
payment-state-expired = ⌛ Not paid
payment-state-paid = ✅ On your balance
payment-state-refunding = ↩️ Being refunded
payment-state-refunded = ↩️ Refunded
payment-state-charged-back = ↩️ Taken back
payment-step-asked = invoice made
payment-step-asked-transfer = bank details shown
payment-step-claimed = receipt received
payment-step-rejected = rejected by the operator
payment-step-expired = time over
payment-step-credited = money on the balance
payment-step-refund-begun = refund begun
payment-step-refund-refused = the refund failed, the money is on the balance again
payment-step-refunded = money sent back
payment-step-charged-back = money taken back

## Bank transfer

transfer =
    🏦 <b>Transfer No. { $number }</b>

    Send exactly <b>{ $amount }</b>:
    { $details }

    Then press “✅ I have paid” and send the receipt. The request is good until { $until }.
transfer-bank = Bank: { $value }
transfer-card = Card: <code>{ $value }</code>
transfer-holder = Recipient: { $value }
transfer-phone = Phone: <code>{ $value }</code>
transfer-copy-card = 📋 Copy the card number
transfer-copy-phone = 📋 Copy the phone number
transfer-paid = ✅ I have paid
transfer-drop = 🗑 I will not pay
transfer-show = 🏦 Bank details
transfer-receipt = 📎 Send the receipt for { $amount }: a photo, a screenshot or a PDF. The money is on your balance as soon as the operator sees it.
transfer-receipt-only = 📎 The receipt itself is needed: a photo, a screenshot or a PDF.
transfer-claimed =
    🔎 <b>The receipt is here</b>

    Transfer No. { $number } for { $amount } is being checked by a person. We will write to you as soon as it is confirmed.
transfer-claimed-before = The receipt of this transfer is with the operator already.
transfer-one-page = The operator gets one file and has it already: they will not see this page. If it is this page that matters, write to support.
transfer-over = This request is closed already. Nothing has changed.
toast-transfer-dropped = The request is closed, nothing was charged

## The statement

button-statement = 📄 Statement
button-statement-file = 📥 Download CSV
statement =
    📄 <b>Statement</b>

    Balance: <b>{ $balance }</b>
    Available: { $available }
    Reserved: { $held }
statement-in = <b>+{ $amount }</b> · { $kind }
statement-out = <b>−{ $amount }</b> · { $kind }
statement-held = 🔒 { $amount } · { $kind }
statement-freed = 🔓 { $amount } · { $kind }
statement-job = { $model }, No. { $job }: { $why }
statement-after = { $at } · balance { $balance }
statement-after-held = { $at } · balance { $balance }, of it reserved { $held }
statement-payment = 🧾 Payment No. { $number }
statement-head = Date (UTC);Movement;Amount;Reserved;Balance;Available;Why;Model;Task;Row
statement-file = 📄 Every movement of your wallet, newest first. It opens in Excel and other table programs.
statement-file-cut = 📄 The movements of your wallet, newest first. There are very many, so this has only the last { $lines }. Support has the earlier ones.
toast-file-comes = Making the file, it comes in a moment.
move-chargeback = Payment taken back
move-paid-back = Payment refunded
why-ordered = ordered
why-delivered = the result is there
why-failed = it failed, the money is free again
why-cancelled = you took the task back
why-late = the result came late
why-undeliverable = the result could not be delivered
why-welcome = a gift to a new customer
why-paid = payment No. { $number }
why-paid-stars = Telegram Stars, payment No. { $number }
why-paid-card = card, payment No. { $number }
why-paid-transfer = transfer, payment No. { $number }
why-paying-back = payment No. { $number } is being refunded
why-not-paid-back = payment No. { $number } could not be refunded, the money is free again
why-chargeback = payment No. { $number } went back to its payer

## Promo codes and invitations

topup-promo = 🎟 Promo code
promo-ask = 🎟 Write the promo code. Capital and small letters are the same.
promo-money =
    🎁 <b>The promo code is accepted</b>

    { $amount } added to your balance.
    Available now: <b>{ $balance }</b>
promo-free =
    🎁 <b>The promo code is accepted</b>

    You get { $count ->
        [one] { $count } free run
       *[other] { $count } free runs
    } and have { $left } now. They are good for any generation of up to { $most } and are used by themselves, until the day's common limit is used up.
promo-unknown = There is no such promo code. Check the letters and digits and write it again.
promo-before = You have used this promo code already; it works once. If you have another one, write it.
promo-used-up = This promo code is used up: others were quicker. If you have another one, write it.
promo-over = This promo code is not valid any more. If you have another one, write it.
promo-banned = You cannot use promo codes. Write to support, and we will look into it.
promo-not-now = Promo codes are paused while we check the books. The code is not lost, please try later.
move-promo = Promo code
why-promo = a gift by promo code
move-brought = Brought from the earlier bot
why-brought = so that the balance is what it was in the earlier bot
move-bonus-back = Welcome bonus taken back
why-bonus-back = the welcome bonus of the earlier bot is no longer given
move-old-job = Generation
why-old-bot = in the earlier bot
statement-old =
    🗄 { $amount } · { $kind }
    { $why }
    { $at } · the balance stayed
button-invite = 👥 Invite a friend
invite-copy = 📋 Copy the link
invite-off = There are no gifts for invitations just now. Friends are always welcome, though!
invite =
    👥 <b>Invite a friend</b>

    Send your friend this link:
    <code>{ $link }</code>

    When they first top up by { $most } or more, we give you { $reward ->
        [one] { $reward } free run
       *[other] { $reward } free runs
    } for any generation of up to { $most }, until the day's common limit is used up. There are up to { $cap } such gifts a month.

    Came by your link: { $came }
    Have topped up: { $paid }
    Free runs left: <b>{ $left }</b>
referral-rewarded =
    🎁 <b>Your friend has topped up</b>

    Thank you for inviting them! We give you { $count ->
        [one] { $count } free run
       *[other] { $count } free runs
    } for any generation of up to { $most }, until the day's common limit is used up. You have { $left } now.
referral-taken-back =
    ↩️ Your friend’s payment went back to them, so { $count ->
        [one] { $count } free run that we gave you for it is gone
       *[other] { $count } free runs that we gave you for it are gone
    }. Free runs left: { $left }. They are gifts for generations of up to { $most }.

# Terms, privacy, exporting and deleting data.


## Commands and buttons

command-paysupport = Questions about payments
command-terms = Terms
command-privacy = Your data
button-terms = 📜 Terms
button-privacy = 🔐 Your data
button-paysupport = 💳 Questions about payments
button-export = 📦 My data as a file
button-forget = 🗑 Delete my data
button-forget-now = 🗑 Yes, delete it all
button-give-up = 💸 Give up { $amount }

## Questions about payments

paysupport =
    💳 <b>Questions about payments</b>

    You paid and nothing came? Open “📄 Statement”: it shows every payment and every charge. If the payment is not there, write to us: when and how much you paid, your number <code>{ $user }</code> and, if you have one, a code such as <code>RQ-a1b2c3d4</code>.

    A generation failed? Its money comes back to your balance by itself.

    You want money from your balance back? Write to us. A payment that is still whole on your balance goes back the way it came; if a part is spent, we agree with you on how to return the rest. Gifts are not paid out.

    Telegram's own support does not help with purchases in bots, so write here first.

    { $contact }

## Terms

terms =
    📜 <b>Terms</b>

    This bot hands your requests to AI models and sends you the results. By tapping “✅ Run” you order one generation at the price on the screen.
terms-money =
    <b>Money</b>
    • You see the price before the start, and there are no extras.
    • While we work the sum is reserved; it is charged only for a finished result. If it fails, the money is free again.
    • The balance can be spent only in this bot. A payment that is still whole on it goes back at your request, the way it came; one that is partly spent, as we agree with you. Gifts are not paid out: /paysupport.
    • Telegram takes and returns Telegram Stars by its own rules. If a payment is taken back at its source, the sum leaves your balance.
terms-use =
    <b>What you may do</b>
    • Do not ask for what the law or Telegram's rules forbid: abuse of children, forged documents, faces of others without their consent, harassment.
    • Send only files that you have the right to use.
    • The result is yours, but AI makes mistakes: check it before you rely on it.
    • Anyone who breaks this may be stopped from ordering; money on the balance is not lost by that.
terms-contact =
    <b>Contact</b>
    { $contact }
    What data we keep: /privacy

## Data

privacy =
    🔐 <b>Your data</b>

    <b>What we keep</b>
    • Your number, name and @name in Telegram, and your language.
    • Your prompts, options, and references to the files you sent and to the results. The files themselves are at Telegram; we have a result only until it is delivered.
    • The movements of your wallet, your payments and receipts of transfers. We never see card numbers.
    • How many free runs you took in the last two days and how many you were given, which promo codes you used, by whose link you came and how many friends you invited.
privacy-kept =
    <b>For how long</b>
    • Prompts, files and results: until you ask us to delete them.
    • Movements of money stay after that too, but without a name: the books need them.
privacy-kept-days =
    <b>For how long</b>
    • Prompts, files and results are forgotten after { $days ->
        [one] { $days } day
       *[other] { $days } days
    }, or earlier if you ask us to.
    • Movements of money stay after that too, but without a name: the books need them.
privacy-given =
    <b>Who gets them</b>
    • KIE.AI gets the prompt, the options and the files, to carry out the order, but neither your name nor your number. How long KIE keeps them is up to KIE.
    • All messages and payments go through Telegram.
    • The owner of the bot sees orders and payments, to help you by an error code.
    • Backups may lie with a storage provider, if the owner of the bot uses one. What is deleted vanishes from the backups too, once they grow old and are removed.
    Nobody else: we do not sell data and show no ads.
privacy-contact =
    With the buttons below you get all that we know of you, or delete it.
    { $contact }
export-file = 📦 All that we know of you: profile, orders, movements of money. Any text editor opens it.
forget-sure =
    🗑 <b>Delete your data?</b>

    We forget your name, prompts, options, files, results and the talk about orders. An old result cannot be sent again and an old order cannot be repeated.

    Movements of money stay, but without a name. Delete the messages in this chat yourself: a bot cannot.

    You may come back at any time, but the gift for newcomers does not come twice.
forget-open =
    ⏳ { $jobs ->
        [one] { $jobs } task is
       *[other] { $jobs } tasks are
    } still under way. Wait for the result or take it back, then your data can be deleted.
forget-money =
    💰 <b>There is money on your balance</b>

    Available: { $available }
    Reserved: { $held }

    Spend it first, ask for it back (“💳 Questions about payments”), or give it up. Giving it up cannot be undone.
forget-payment = ⏳ An operator is still checking a transfer of yours. Wait for the answer, then your data can be deleted.
forget-asked = ⏳ Your transfer No. { $number } is still open. If you have sent the money, send the receipt; if you will not pay, close it, and then your data can be deleted.
forget-held = ⏳ { $held } is still reserved: an order or a refund of that money is under way. Once it ends, your data can be deleted.
give-up-reason = the customer gave up the rest before their data was deleted
toast-given-up = The rest has left your balance.
forgotten =
    ✅ Done: we have forgotten you. All of it vanishes from the backups once they grow old and are removed.

    Thank you for having been here. If you come back, begin with /start.
job-forgotten = The text and files of this order are deleted by now, so it cannot be repeated. Pick a model in the menu and write your prompt anew.
toast-file-wait = You have just got this file. Ask for a new one in a minute.

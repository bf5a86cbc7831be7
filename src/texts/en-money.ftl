# Money: top-ups, payments, the statement, promo codes.


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
statement-head = Date (UTC);Movement;Amount;Reserved;Balance;Available;Why;Model;Task;Row
statement-file = 📄 Every movement of your wallet, newest first. It opens in Excel and other table programs.
statement-file-cut = 📄 The movements of your wallet, newest first. There are very many, so this has only the last { $lines }. The support has the earlier ones.
toast-file-comes = Making the file, it comes in a moment.
move-chargeback = Payment taken back
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
why-chargeback = payment No. { $number } went back to its payer

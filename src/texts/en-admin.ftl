# What operators read: /admin and messages about transfers.

## Transfers to check

admin-transfer =
    🏦 <b>Transfer No. { $number }: { $amount }</b>

    { $name } { $username }
    Id: <code>{ $user }</code>
    Balance: { $balance }

    Check that the money has come, and decide.
admin-transfer-same-receipt = ⚠️ The same file was the receipt of payment No. { $number } before.
admin-approve = ✅ Credit
admin-other-amount = ✏️ Another amount
admin-reject = ❌ Reject
alarm-payment-odd = ⚠️ An unusual payment, credited to who paid: { $detail }
alarm-charged-back = ⚠️ A payment was taken back through Telegram and out of the wallet, which may be below zero: { $detail }
alarm-refund-refused = ⚠️ Telegram did not give the Stars back; the money is in the customer's wallet again: { $detail }
alarm-payment-stuck = 🚨 A payment cannot be handled; it is tried again and again: { $detail }

# То, что читает оператор: /admin и сообщения о переводах.

## Переводы на проверку

admin-transfer =
    🏦 <b>Перевод № { $number }: { $amount }</b>

    { $name } { $username }
    Номер: <code>{ $user }</code>
    На балансе: { $balance }

    Проверьте, что деньги пришли, и решите.
admin-transfer-same-receipt = ⚠️ Этот же файл уже был чеком платежа № { $number }.
admin-approve = ✅ Зачислить
admin-other-amount = ✏️ Другая сумма
admin-reject = ❌ Отклонить
alarm-payment-odd = ⚠️ Необычный платёж, зачислен тому, кто заплатил: { $detail }
alarm-charged-back = ⚠️ Платёж отозван через Telegram и списан с баланса, он может быть ниже нуля: { $detail }
alarm-refund-refused = ⚠️ Telegram не вернул звёзды, деньги снова на балансе покупателя: { $detail }
alarm-payment-stuck = 🚨 Платёж не удаётся обработать, пробуем снова и снова: { $detail }

# Деньги: пополнение, платежи, выписка, промокоды.


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
statement-head = Дата (UTC);Операция;Сумма;Резерв;Баланс;Доступно;Причина;Модель;Задача;Строка
statement-file = 📄 Все движения вашего кошелька, новые сверху. Файл открывается в Excel и в других таблицах.
statement-file-cut = 📄 Движения вашего кошелька, новые сверху. Их очень много, поэтому здесь только последние { $lines }. Более ранние пришлёт поддержка.
toast-file-comes = Готовлю файл, сейчас пришлю.
move-chargeback = Платёж отозван
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
why-chargeback = платёж № { $number } вернулся тому, кто платил

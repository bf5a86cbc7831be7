# Money: top-ups, payments, the statement, promo codes.


# What operators read: /admin and messages about transfers.


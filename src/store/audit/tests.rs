//! Files broken by hand, one a rule: the audit names rule and row.

-- Once, by cheers_owner after the first `migrate`: processes read the list of migrations and append to the ledger, no more.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM cheers;
REVOKE UPDATE, DELETE ON payments_entry FROM cheers;

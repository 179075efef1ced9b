-- Once, by cheers_owner after the first `migrate`: processes read the list of migrations, and append to the ledger and to the
-- record of what staff do; of that they may empty the reasons, when an account is deleted.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM cheers;
REVOKE UPDATE, DELETE ON payments_entry, backoffice_staffaction FROM cheers;
GRANT UPDATE (reason, salt) ON backoffice_staffaction TO cheers;

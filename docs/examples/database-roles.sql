-- Two roles, once, by a superuser in the new database: the owner of the tables, who runs `migrate`, and the role of all
-- processes. Passwords, or client certificates with these names, come on top (docs/production.md).
CREATE ROLE cheers_owner LOGIN NOINHERIT;
CREATE ROLE cheers LOGIN NOINHERIT;

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO cheers_owner, cheers', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO cheers_owner;
GRANT USAGE ON SCHEMA public TO cheers;

-- Tables of later releases as well.
ALTER DEFAULT PRIVILEGES FOR ROLE cheers_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cheers;
ALTER DEFAULT PRIVILEGES FOR ROLE cheers_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO cheers;

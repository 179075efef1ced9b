#!/bin/sh
# Receives every change of the database as it is made. BACKUP_SOURCE is the server, as libpq writes it; BACKUPS the folder.
# The slot makes the server keep what has not been received; bound that by its max_slot_wal_keep_size.
set -eu
umask 077
: "${BACKUP_SOURCE:?}" "${BACKUPS:?}"
slot=${BACKUP_SLOT:-speedycheers_backup}
mkdir -p "$BACKUPS/wal"
pg_receivewal --dbname="$BACKUP_SOURCE" --slot="$slot" --create-slot --if-not-exists
exec pg_receivewal --dbname="$BACKUP_SOURCE" --slot="$slot" --directory="$BACKUPS/wal" --synchronous --status-interval=1

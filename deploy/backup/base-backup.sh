#!/bin/sh
# Copies the whole server while it works, checks the copy, and removes copies and changes that are no longer needed.
# BACKUP_SOURCE is the server, as libpq writes it; BACKUPS the folder; BACKUPS_KEPT how many copies stay (7).
set -eu
umask 077
: "${BACKUP_SOURCE:?}" "${BACKUPS:?}"
mkdir -p "$BACKUPS/base"
exec 9>"$BACKUPS/.lock"
flock -n 9 || { echo "Another base backup is under way." >&2; exit 1; }

unfinished=$BACKUPS/unfinished
rm -rf "$unfinished"
pg_basebackup --dbname="$BACKUP_SOURCE" --pgdata="$unfinished" --checkpoint=fast --wal-method=stream
pg_verifybackup --quiet "$unfinished"
# Its name is the first moment to which it can be restored.
mv "$unfinished" "$BACKUPS/base/$(date -u +%Y%m%dT%H%M%SZ)"

ls "$BACKUPS/base" | head -n "-${BACKUPS_KEPT:-7}" | while read -r old; do rm -rf "$BACKUPS/base/$old"; done
oldest=$BACKUPS/base/$(ls "$BACKUPS/base" | head -n 1)
first=$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' "$oldest/backup_label")
pg_archivecleanup "$BACKUPS/wal" "$first"

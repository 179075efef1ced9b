#!/bin/sh
# restore.sh DATA [TIME]: makes a server's data from a base backup and the changes after it, in the empty folder DATA.
# Without TIME it ends with the last change that was received. PostgreSQL recovers as it starts, and then serves.
set -eu
umask 077
: "${BACKUPS:?}"
data=${1:?restore.sh DATA [TIME]}
time=${2:-}
mkdir -p "$data"
[ -z "$(ls -A "$data")" ] || { echo "$data is not empty." >&2; exit 1; }
[ -d "$BACKUPS/wal" ] || { echo "$BACKUPS has no changes." >&2; exit 1; }

latest=99999999T999999Z
[ -z "$time" ] || latest=$(date -u -d "$time" +%Y%m%dT%H%M%SZ)
base=$(ls "$BACKUPS/base" 2>/dev/null | awk -v latest="$latest" '$0 <= latest' | tail -n 1)
[ -n "$base" ] || { echo "There is no base backup as old as that." >&2; exit 1; }
cp -a "$BACKUPS/base/$base/." "$data"
chmod 700 "$data"
{
    # The segment that was being received has another name.
    echo "restore_command = 'cp \"$BACKUPS/wal/%f\" \"%p\" 2>/dev/null || cp \"$BACKUPS/wal/%f.partial\" \"%p\" 2>/dev/null'"
    echo "recovery_target_timeline = 'latest'"
    echo "recovery_target_action = 'promote'"
    [ -z "$time" ] || echo "recovery_target_time = '$time'"
} >> "$data/postgresql.auto.conf"
touch "$data/recovery.signal"
echo "Restored $base to $data: start PostgreSQL there."

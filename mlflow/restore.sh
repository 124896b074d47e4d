#!/bin/sh
# Bring a backup back into an empty database and folder, with the server stopped: restore.sh FOLDER
set -eu
folder=${1:?name the folder of the backup}
destination=${MLFLOW_ARTIFACTS_DESTINATION:?is not set, see server.env}
tables=$(psql --no-psqlrc --tuples-only --no-align \
  --command="SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
if [ "$tables" != 0 ]; then
  echo "the database ${PGDATABASE:-} is not empty: drop it, create it, and restore then" >&2
  exit 1
fi
if [ -f "$folder/artifacts.tar" ]; then
  mkdir -p "$destination"
  if [ -n "$(ls -A "$destination")" ]; then
    echo "$destination is not empty: move it away, and restore then" >&2
    exit 1
  fi
  tar --extract --file="$folder/artifacts.tar" --directory="$destination"
fi
# All or nothing, and last: a database that is there says that the backup is back.
pg_restore --no-owner --exit-on-error --single-transaction --dbname="${PGDATABASE:-}" "$folder/mlflow.dump"

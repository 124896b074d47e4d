#!/bin/sh
# Back up the team's server, which may go on running: backup.sh FOLDER
# FOLDER gets mlflow.dump (runs, models, users) and artifacts.tar. A bucket's artifacts are not
# copied: turn on its versions, or copy it with the store's own tool after this command.
set -eu
folder=${1:?name a folder for the backup}
umask 077
mkdir "$folder"  # fails where there is one already
# The database first: every artifact that it names is there by now.
pg_dump --format=custom --no-owner --file="$folder/mlflow.dump"
case ${MLFLOW_ARTIFACTS_DESTINATION:?is not set, see server.env} in
  *://*) echo "artifacts are in $MLFLOW_ARTIFACTS_DESTINATION: back them up there" >&2 ;;
  *) tar --create --file="$folder/artifacts.tar" --directory="$MLFLOW_ARTIFACTS_DESTINATION" . ;;
esac

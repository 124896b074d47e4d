#!/bin/sh
# Start the team's MLflow server. Its settings are in the environment: server.env and secrets.env.
# MLflow makes its tables at the first start. It refuses to start without
# MLFLOW_FLASK_SERVER_SECRET_KEY, and the first time without MLFLOW_AUTH_ADMIN_PASSWORD.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export MLFLOW_AUTH_CONFIG_PATH="$here/basic_auth.ini"
cd /  # so that Python finds MLflow's package and not a folder of its name
exec mlflow server --app-name basic-auth --backend-store-uri postgresql:// \
  --artifacts-destination "${MLFLOW_ARTIFACTS_DESTINATION:?is not set, see server.env}"

"""Secrets of addresses: hidden in texts and logs, while addresses can still be told apart."""

import logging
import subprocess

import pytest

from dermaflow.io.redaction import hide_secrets_in_logs, redact, redact_patch

PASSWORDS = ("hunter2", "hunt/er?2#", "hunt@er2", "hunt:er2", "h%40nter2", "it's")


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("scheme", ["postgresql", "mysql+pymysql", "mssql+pyodbc", "s3"])
def test_a_password_is_hidden_and_who_asks_where_stays(scheme, password):
    uri = f"{scheme}://user:{password}@db.example:5432/runs?sslmode=require"
    assert redact(uri) == f"{scheme}://user:***@db.example:5432/runs?sslmode=require"


@pytest.mark.parametrize("user", ["user:hunter2", "a-token", "a-token:x-oauth-basic", "u:a@b"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_of_a_web_address_the_user_is_hidden_too_for_it_may_be_a_token(scheme, user):
    assert redact(f"{scheme}://{user}@host.example/path?a=1") == (
        f"{scheme}://***@host.example/path?a=1"
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("password=x&sslmode=require", "password=***&sslmode=require"),
        ("host=/run/a&sslpassword=x", "host=/run/a&sslpassword=***"),
        ("X-Amz-Signature=x&X-Amz-Date=y", "X-Amz-Signature=***&X-Amz-Date=y"),
        ("access_token=x", "access_token=***"),
        ("odbc_connect=DRIVER%3DPWD%3Dx", "odbc_connect=***"),
        ("sv=1&sig=x", "sv=1&sig=***"),
    ],
)
def test_secrets_in_the_query_are_hidden_by_their_names(query, shown):
    assert redact(f"postgresql:///runs?{query}") == f"postgresql:///runs?{shown}"


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////home/me/a@b/mlflow.db?timeout=5",
        "http://localhost:5000/a@b:c",
        "http://mlflow.example:5000",
        "postgresql://user@db/runs",
        "abfss://container@account.dfs.core.windows.net/a",
        "models:/dermaflow@staging, mail: a@b.example",
        "file:///a/b",
        "s3://bucket/a",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(text):
    assert redact(text) == text


def test_all_addresses_in_a_text_are_seen_to_and_seeing_to_it_again_changes_nothing():
    text = "tried ('postgresql://a:x1@h/d'), then https://x2@h: no (https://h/?token=x3)"
    shown = "tried ('postgresql://a:***@h/d'), then https://***@h: no (https://h/?token=***)"
    assert redact(text) == redact(shown) == shown


def test_two_stores_are_still_told_apart():
    stores = [
        f"postgresql://{user}:x@{host}/{name}?host={socket}"
        for user in "ab"
        for host in "ab"
        for name in "ab"
        for socket in "ab"
    ]
    assert len(set(map(redact, stores))) == len(stores)


def test_a_patch_loses_the_secrets_of_settings_and_still_applies(tmp_path):
    def git(*arguments, given=None):
        command = ["git", "-C", tmp_path, *arguments]
        return subprocess.run(command, check=True, capture_output=True, input=given).stdout

    files = [tmp_path / "conf/base/mlflow.yml", tmp_path / "src/code.py"]
    git("init", "--quiet")
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text("tracking_uri: sqlite:///a.db\n# ü\n")
    git("add", ".")
    for file in files:
        file.write_bytes(b"tracking_uri: postgresql://me:hunter2@db/runs\r\n# \xff\n")
    patch = redact_patch(git("diff"))
    git("checkout", "--", ".")
    git("apply", given=patch)
    settings, code = (file.read_bytes() for file in files)
    assert settings == b"tracking_uri: postgresql://me:***@db/runs\r\n# \xff\n"
    assert b"me:hunter2@db" in code  # what is no setting is as the run had it


def test_logs_hold_no_secret_in_message_arguments_or_traceback(tmp_path):
    before = logging.getLogRecordFactory()
    handler = logging.FileHandler(tmp_path / "log", delay=True)
    logger = logging.getLogger("test_redaction")
    logger.addHandler(handler)
    try:
        hide_secrets_in_logs()
        hide_secrets_in_logs()
        try:
            raise ValueError("cannot open postgresql://me:hunter2@db/runs")
        except ValueError as error:
            logger.warning("%s of %d", "https://hunter2@h/d", 7, exc_info=error)
        logger.warning("no %s arguments")
        logger.warning({"an": "object"})
        unfit = logging.getLogRecordFactory()("a", 30, "b", 1, "%d", ("no number",), None)
    finally:
        logging.setLogRecordFactory(before)
        logger.removeHandler(handler)
        handler.close()
    written = (tmp_path / "log").read_text()
    assert "hunter2" not in written
    assert "https://***@h/d of 7" in written
    assert "ValueError: cannot open postgresql://me:***@db/runs" in written
    assert "no %s arguments" in written
    assert "{'an': 'object'}" in written
    assert unfit.args == ("no number",)  # that they do not fit, logging says itself

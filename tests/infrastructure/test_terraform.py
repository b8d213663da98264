"""monitoring.tf says what the monitoring has to be, figure by figure; it cannot be applied here, nor planned."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.servers import ROOT

FOLDER = ROOT / "infrastructure" / "terraform"
TEXT = (FOLDER / "monitoring.tf").read_text()
HANDLER = (ROOT / "infrastructure" / "lambda" / "cron_health.py").read_text()


def plain(value: Any) -> Any:
    """Return what was parsed without its quotes and its list of one."""
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


PARSED = plain(hcl2.loads(TEXT))
RULE, TARGET, PERMISSION = "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_lambda_permission"
ALARM, TOPIC, MAIL = "aws_cloudwatch_metric_alarm", "aws_sns_topic", "aws_sns_topic_subscription"
FUNCTION, LOG, ROLE = "aws_lambda_function", "aws_cloudwatch_log_group", "aws_iam_role"
SECRET, POLICY = "aws_secretsmanager_secret", "aws_iam_role_policy"
NAMED = "${var.project}-%s-${var.environment}"

FIGURES = {
    # EventBridge calls the Lambda every five minutes, and nobody else may.
    (RULE, "cron_health_check", "name"): NAMED % "cron-health-check",
    (RULE, "cron_health_check", "schedule_expression"): "rate(5 minutes)",
    (TARGET, "cron_health", "rule"): "${aws_cloudwatch_event_rule.cron_health_check.name}",
    (TARGET, "cron_health", "arn"): "${aws_lambda_function.cron_health.arn}",
    (PERMISSION, "event_rule", "action"): "lambda:InvokeFunction",
    (PERMISSION, "event_rule", "function_name"): "${aws_lambda_function.cron_health.function_name}",
    (PERMISSION, "event_rule", "principal"): "events.amazonaws.com",
    (PERMISSION, "event_rule", "source_arn"): "${aws_cloudwatch_event_rule.cron_health_check.arn}",
    # The Lambda, its log and its role.
    (FUNCTION, "cron_health", "function_name"): "${local.function_name}",
    (FUNCTION, "cron_health", "handler"): "cron_health.handler",
    (FUNCTION, "cron_health", "role"): "${aws_iam_role.cron_health.arn}",
    (FUNCTION, "cron_health", "timeout"): 60,
    (LOG, "cron_health", "name"): "/aws/lambda/${local.function_name}",
    (LOG, "cron_health", "retention_in_days"): "${var.log_retention_days}",
    (ROLE, "cron_health", "assume_role_policy"): "${data.aws_iam_policy_document.assume.json}",
    (POLICY, "cron_health", "role"): "${aws_iam_role.cron_health.id}",
    (POLICY, "cron_health", "policy"): "${data.aws_iam_policy_document.cron_health.json}",
    # The alarm: two periods of five minutes below 1, missing data among them, and the topic is told of both ways.
    (ALARM, "cron_unhealthy", "alarm_name"): NAMED % "cron-unhealthy",
    (ALARM, "cron_unhealthy", "namespace"): "${local.namespace}",
    (ALARM, "cron_unhealthy", "metric_name"): "CronHealthStatus",
    (ALARM, "cron_unhealthy", "dimensions"): {"Environment": "${var.environment}"},
    (ALARM, "cron_unhealthy", "statistic"): "Minimum",
    (ALARM, "cron_unhealthy", "comparison_operator"): "LessThanThreshold",
    (ALARM, "cron_unhealthy", "threshold"): 1,
    (ALARM, "cron_unhealthy", "period"): 300,
    (ALARM, "cron_unhealthy", "evaluation_periods"): 2,
    (ALARM, "cron_unhealthy", "treat_missing_data"): "breaching",
    (ALARM, "cron_unhealthy", "alarm_actions"): ["${aws_sns_topic.cron_alerts.arn}"],
    (ALARM, "cron_unhealthy", "ok_actions"): ["${aws_sns_topic.cron_alerts.arn}"],
    # The topic, and who reads it by mail.
    (TOPIC, "cron_alerts", "name"): NAMED % "cron-alerts",
    (MAIL, "email", "topic_arn"): "${aws_sns_topic.cron_alerts.arn}",
    (MAIL, "email", "protocol"): "email",
    (MAIL, "email", "endpoint"): "${var.alert_email}",
    (SECRET, "cron_api_key", "name"): NAMED % "cron-api-key",
}
OUTPUTS = {
    "alarm_name": "${aws_cloudwatch_metric_alarm.cron_unhealthy.alarm_name}",
    "lambda_function_name": "${aws_lambda_function.cron_health.function_name}",
    "secret_name": "${aws_secretsmanager_secret.cron_api_key.name}",
    "sns_topic_arn": "${aws_sns_topic.cron_alerts.arn}",
}


def block(kind: str, *names: str) -> dict[str, Any]:
    """Return the one block of a kind and name."""
    found = []
    for item in PARSED[kind]:
        inner: Any = item
        for name in names:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if inner is not None:
            found.append(first(inner))
    assert len(found) == 1, (kind, names, found)
    return dict(found[0])


def first(value: Any) -> Any:
    """Return a nested block, which is parsed as a list of one."""
    return value[0] if isinstance(value, list) else value


def test_terraform_itself_finds_it_formatted() -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not here; the rules of the format are held by the next test alone")
    done = subprocess.run([terraform, "fmt", "-check", "-diff", FOLDER], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def unformatted(text: str) -> list[str]:
    """Name the lines that break a rule of `terraform fmt`: indents, the row of equals signs, spaces at the end."""
    wrong, depth, row = [], 0, list[tuple[int, str, int]]()
    lines = [*text.split("\n"), ""]
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        depth -= bare[:1] in {"}", "]", ")"}
        if line != line.rstrip() or "\t" in line or (bare and line[: -len(bare)] != "  " * depth):
            wrong.append(f"{number}: indent or trailing space")
        opened = sum(map(bare.count, "{[(")) - sum(map(bare.count, "}])"))
        depth += opened if bare[:1] not in {"}", "]", ")"} else opened + 1
        found = re.match(r"(\S+)( +)= \S", bare)
        if found and opened == 0:
            row.append((number, found[1], len(found[1]) + len(found[2])))
            continue
        longest = max((len(name) for _, name, _ in row), default=0)
        wrong += [f"{at}: equals signs" for at, _, column in row if column != longest + 1]
        row = []
    return wrong if text.endswith("\n") and not text.endswith("\n\n") else [*wrong, "end of file"]


def test_it_keeps_the_rules_of_the_format() -> None:
    assert unformatted(TEXT) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("  period              = 300", "  period = 300"),
        ("  period              = 300", "   period              = 300"),
        ("  period              = 300", "  period              = 300 "),
    ],
)
def test_those_rules_find_what_terraform_would(right: str, wrong: str, tmp_path: Path) -> None:
    spoilt = TEXT.replace(right, wrong, 1)
    assert spoilt != TEXT
    assert unformatted(spoilt) != []
    if terraform := shutil.which("terraform"):
        (tmp_path / "spoilt.tf").write_text(spoilt)
        assert subprocess.run([terraform, "fmt", "-check", tmp_path], check=False, capture_output=True).returncode != 0


@pytest.mark.parametrize("figure", FIGURES, ids=".".join)
def test_each_figure_is_as_decided(figure: tuple[str, str, str]) -> None:
    kind, name, attribute = figure
    assert block("resource", kind, name)[attribute] == FIGURES[figure]


def test_nothing_is_made_that_is_not_accounted_for() -> None:
    made = {(kind, name) for item in PARSED["resource"] for kind, names in item.items() for name in names}
    assert made == {figure[:2] for figure in FIGURES} | {("aws_lambda_function_event_invoke_config", "cron_health")}
    assert block("resource", "aws_lambda_function_event_invoke_config", "cron_health")["maximum_retry_attempts"] == 0


def test_names_namespace_and_time_are_those_of_the_handler() -> None:
    names = block("locals")
    assert names == {"function_name": NAMED % "cron-health", "namespace": "HMS/CronJobs"}
    assert 'NAMESPACE = "HMS/CronJobs"' in HANDLER
    assert 'PATH = "/api/v1/no-show/external-trigger"' in HANDLER
    assert 'HEADER = "x-cron-api-key"' in HANDLER
    assert 'MetricName": "CronHealthStatus"' in HANDLER
    assert 'MetricName": "CronExecutionDuration"' in HANDLER
    assert "TIMEOUT_SECONDS = 30.0" in HANDLER, "a duration is healthy below 30000 ms; the Lambda lives for 60 s"


def test_the_handler_is_given_what_it_asks_for() -> None:
    function = block("resource", FUNCTION, "cron_health")
    assert first(function["environment"])["variables"] == {
        "BACKEND_URL": "${var.backend_url}",
        "CRON_API_KEY_SECRET": "${aws_secretsmanager_secret.cron_api_key.arn}",
        "ENVIRONMENT": "${var.environment}",
        "SNS_TOPIC_ARN": "${aws_sns_topic.cron_alerts.arn}",
    }
    asked = set(re.findall(r'environ\["(\w+)"\]', HANDLER))
    assert asked == set(first(function["environment"])["variables"])
    assert block("data", "archive_file", "cron_health")["source_file"] == "${path.module}/../lambda/cron_health.py"


def test_the_role_may_do_what_the_handler_does_and_nothing_else() -> None:
    statements = block("data", "aws_iam_policy_document", "cron_health")["statement"]
    assert {action: statement["resources"] for statement in statements for action in statement["actions"]} == {
        "cloudwatch:PutMetricData": ["*"],  # that action knows no resources; its namespace is bound instead
        "logs:CreateLogStream": ["${aws_cloudwatch_log_group.cron_health.arn}:*"],
        "logs:PutLogEvents": ["${aws_cloudwatch_log_group.cron_health.arn}:*"],
        "secretsmanager:GetSecretValue": ["${aws_secretsmanager_secret.cron_api_key.arn}"],
        "sns:Publish": ["${aws_sns_topic.cron_alerts.arn}"],
    }
    (published,) = [statement for statement in statements if "cloudwatch:PutMetricData" in statement["actions"]]
    bound = first(published["condition"])
    assert (bound["test"], bound["variable"]) == ("StringEquals", "cloudwatch:namespace")
    assert bound["values"] == ["${local.namespace}"]
    assumed = first(block("data", "aws_iam_policy_document", "assume")["statement"])
    assert assumed["actions"] == ["sts:AssumeRole"]
    assert first(assumed["principals"]) == {"type": "Service", "identifiers": ["lambda.amazonaws.com"]}


def test_the_key_is_in_a_secret_and_nowhere_else() -> None:
    assert "aws_secretsmanager_secret_version" not in TEXT, "its value would stand in Terraform's state"
    assert re.search(r"x-cron-api-key|CRON_API_KEY\s*=|secret_string", TEXT) is None


def test_variables_are_few_and_checked() -> None:
    variables = {name: first(value) for item in PARSED["variable"] for name, value in item.items()}
    assert set(variables) == {
        "alert_email",
        "aws_region",
        "backend_url",
        "environment",
        "log_retention_days",
        "project",
    }
    assert {name: one["default"] for name, one in variables.items() if "default" in one} == {
        "aws_region": "ap-south-1",
        "log_retention_days": 30,
        "project": "hms",
    }
    assert all(one["description"] for one in variables.values())
    assert "^https://" in first(variables["backend_url"]["validation"])["condition"]


def test_outputs_name_what_people_need() -> None:
    outputs = {name: first(value) for item in PARSED["output"] for name, value in item.items()}
    assert {name: one["value"] for name, one in outputs.items()} == OUTPUTS

"""monitoring.tf says what the monitoring has to be, figure by figure; it cannot be applied here, nor planned."""

import shutil
import subprocess
import warnings
from typing import Any

import hcl2
import pytest

from tests.servers import ROOT

FOLDER = ROOT / "infrastructure" / "terraform"
TEXT = (FOLDER / "monitoring.tf").read_text()


def plain(value: Any) -> Any:
    """Return what was parsed without its quotes and its list of one."""
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


PARSED = plain(hcl2.loads(TEXT))


def block(kind: str, *names: str) -> dict[str, Any]:
    """Return the one block of a kind and name."""
    found = []
    for item in PARSED[kind]:
        inner: Any = item
        for name in names:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if inner is not None:
            found.append(inner[0] if isinstance(inner, list) else inner)
    assert len(found) == 1, (kind, names, found)
    return dict(found[0])


def test_it_is_formatted() -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        warnings.warn("terraform is not here: the format of monitoring.tf was NOT checked", stacklevel=1)
        pytest.skip("terraform is not here: the format of monitoring.tf was NOT checked")
    done = subprocess.run([terraform, "fmt", "-check", "-diff", FOLDER], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "name", "attribute", "expected"),
    [
        (
            "aws_cloudwatch_event_rule",
            "cron_health_check",
            "name",
            "${var.project}-cron-health-check-${var.environment}",
        ),
        ("aws_cloudwatch_event_rule", "cron_health_check", "schedule_expression", "rate(5 minutes)"),
        ("aws_sns_topic", "cron_alerts", "name", "${var.project}-cron-alerts-${var.environment}"),
        ("aws_sns_topic_subscription", "email", "protocol", "email"),
        ("aws_lambda_function", "cron_health", "handler", "cron_health.handler"),
        ("aws_cloudwatch_log_group", "cron_health", "name", "/aws/lambda/${local.function_name}"),
        (
            "aws_cloudwatch_metric_alarm",
            "cron_unhealthy",
            "alarm_name",
            "${var.project}-cron-unhealthy-${var.environment}",
        ),
        ("aws_cloudwatch_metric_alarm", "cron_unhealthy", "comparison_operator", "LessThanThreshold"),
        ("aws_cloudwatch_metric_alarm", "cron_unhealthy", "threshold", 1),
        ("aws_cloudwatch_metric_alarm", "cron_unhealthy", "period", 300),
        ("aws_cloudwatch_metric_alarm", "cron_unhealthy", "evaluation_periods", 2),
        ("aws_cloudwatch_metric_alarm", "cron_unhealthy", "treat_missing_data", "breaching"),
        ("aws_cloudwatch_metric_alarm", "cron_unhealthy", "metric_name", "CronHealthStatus"),
    ],
)
def test_each_figure_is_as_decided(kind: str, name: str, attribute: str, expected: object) -> None:
    assert block("resource", kind, name)[attribute] == expected


def test_names_and_namespace_are_those_of_the_handler() -> None:
    names = block("locals")
    assert names["function_name"] == "${var.project}-cron-health-${var.environment}"
    assert names["namespace"] == "HMS/CronJobs"
    handler = (ROOT / "infrastructure" / "lambda" / "cron_health.py").read_text()
    assert 'NAMESPACE = "HMS/CronJobs"' in handler
    asked = {"BACKEND_URL", "CRON_API_KEY_SECRET", "ENVIRONMENT", "SNS_TOPIC_ARN"}
    environment = block("resource", "aws_lambda_function", "cron_health")["environment"]
    given = environment[0] if isinstance(environment, list) else environment
    assert set(given["variables"]) == asked
    assert all(f'environ["{name}"]' in handler for name in asked)
    alarm = block("resource", "aws_cloudwatch_metric_alarm", "cron_unhealthy")
    assert "aws_sns_topic.cron_alerts.arn" in str(alarm["alarm_actions"])


def test_the_role_may_do_what_the_handler_does_and_nothing_else() -> None:
    statements = block("data", "aws_iam_policy_document", "cron_health")["statement"]
    allowed = {action: statement for statement in statements for action in statement["actions"]}
    assert set(allowed) == {
        "cloudwatch:PutMetricData",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
        "sns:Publish",
    }
    everywhere = [statement["sid"] for statement in statements if "*" in statement["resources"]]
    assert everywhere == ["PublishItsMetrics"], "that action knows no resources"
    condition = allowed["cloudwatch:PutMetricData"]["condition"]
    bound = condition[0] if isinstance(condition, list) else condition
    assert bound["variable"] == "cloudwatch:namespace"
    assert bound["values"] == ["${local.namespace}"]


def test_the_key_is_in_a_secret_and_nowhere_else() -> None:
    assert block("resource", "aws_secretsmanager_secret", "cron_api_key")["name"].endswith("${var.environment}")
    assert "aws_secretsmanager_secret_version" not in TEXT, "its value would stand in Terraform's state"
    variables = {name for item in PARSED["variable"] for name in item}
    assert variables == {"alert_email", "aws_region", "backend_url", "environment", "log_retention_days", "project"}
    outputs = {name for item in PARSED["output"] for name in item}
    assert outputs == {"alarm_name", "lambda_function_name", "secret_name", "sns_topic_arn"}

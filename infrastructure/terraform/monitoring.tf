# Watches the no-show check from outside: a Lambda calls the external trigger every five minutes, publishes what came of
# it, and tells people by mail when it did not go well. When the product, its machine or this Lambda is gone, no data
# comes, and that too is an alarm.
#
#   terraform apply -var environment=production -var backend_url=https://desk.example.org -var alert_email=ops@example.org
#   aws secretsmanager put-secret-value --secret-id hms-cron-api-key-production --secret-string "$KEY"
#
# KEY is one of the product's CRON_API_KEY, or of `hms jobs key create`. It is in the secret only: neither in this
# file, nor in a variable, nor in Terraform's state.

terraform {
  required_version = ">= 1.5"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40, < 7.0"
    }
  }
}

provider "aws" {
  region = var.aws_region
}

variable "aws_region" {
  description = "Where the Lambda and the alarm live."
  type        = string
  default     = "ap-south-1"
}

variable "project" {
  description = "Begins the name of everything."
  type        = string
  default     = "hms"
}

variable "environment" {
  description = "Ends the name of everything: production, staging."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.environment))
    error_message = "Use small letters, digits and dashes."
  }
}

variable "backend_url" {
  description = "The product, like https://desk.example.org, without a path."
  type        = string

  validation {
    condition     = can(regex("^https://[^/]+$", var.backend_url))
    error_message = "The key travels in a header: use https, and no path."
  }
}

variable "alert_email" {
  description = "Who is told. AWS asks this address once to confirm."
  type        = string
}

variable "log_retention_days" {
  description = "How long the Lambda's log is kept."
  type        = number
  default     = 30
}

locals {
  function_name = "${var.project}-cron-health-${var.environment}"
  namespace     = "HMS/CronJobs"
}

# The key of the external trigger. Its value is put in by hand, see above.
resource "aws_secretsmanager_secret" "cron_api_key" {
  name        = "${var.project}-cron-api-key-${var.environment}"
  description = "What the Lambda presents to the external trigger of the no-show check."
}

resource "aws_sns_topic" "cron_alerts" {
  name = "${var.project}-cron-alerts-${var.environment}"
}

resource "aws_sns_topic_subscription" "email" {
  topic_arn = aws_sns_topic.cron_alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_cloudwatch_log_group" "cron_health" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "cron_health" {
  name               = local.function_name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

# Each action on the one thing it is for. PutMetricData knows no resources, so its namespace is what is bound.
data "aws_iam_policy_document" "cron_health" {
  statement {
    sid       = "WriteItsOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.cron_health.arn}:*"]
  }

  statement {
    sid       = "PublishItsMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.namespace]
    }
  }

  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.cron_alerts.arn]
  }

  statement {
    sid       = "ReadTheKey"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.cron_api_key.arn]
  }
}

resource "aws_iam_role_policy" "cron_health" {
  name   = local.function_name
  role   = aws_iam_role.cron_health.id
  policy = data.aws_iam_policy_document.cron_health.json
}

data "archive_file" "cron_health" {
  type        = "zip"
  source_file = "${path.module}/../lambda/cron_health.py"
  output_path = "${path.module}/build/cron_health.zip"
}

resource "aws_lambda_function" "cron_health" {
  function_name    = local.function_name
  role             = aws_iam_role.cron_health.arn
  runtime          = "python3.12"
  handler          = "cron_health.handler"
  filename         = data.archive_file.cron_health.output_path
  source_code_hash = data.archive_file.cron_health.output_base64sha256
  timeout          = 60
  memory_size      = 128

  environment {
    variables = {
      BACKEND_URL         = var.backend_url
      CRON_API_KEY_SECRET = aws_secretsmanager_secret.cron_api_key.arn
      ENVIRONMENT         = var.environment
      SNS_TOPIC_ARN       = aws_sns_topic.cron_alerts.arn
    }
  }

  depends_on = [aws_cloudwatch_log_group.cron_health, aws_iam_role_policy.cron_health]
}

# The next call comes in five minutes; a second one for the same tick is of use to nobody.
resource "aws_lambda_function_event_invoke_config" "cron_health" {
  function_name          = aws_lambda_function.cron_health.function_name
  maximum_retry_attempts = 0
}

resource "aws_cloudwatch_event_rule" "cron_health_check" {
  name                = "${var.project}-cron-health-check-${var.environment}"
  description         = "Calls the external trigger of the no-show check."
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "cron_health" {
  rule = aws_cloudwatch_event_rule.cron_health_check.name
  arn  = aws_lambda_function.cron_health.arn
}

resource "aws_lambda_permission" "event_rule" {
  statement_id  = "AllowTheEventRule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.cron_health.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.cron_health_check.arn
}

resource "aws_cloudwatch_metric_alarm" "cron_unhealthy" {
  alarm_name          = "${var.project}-cron-unhealthy-${var.environment}"
  alarm_description   = "The no-show check failed, or was not heard of, for ten minutes. See /jobs and docs/operations.md."
  namespace           = local.namespace
  metric_name         = "CronHealthStatus"
  dimensions          = { Environment = var.environment }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.cron_alerts.arn]
  ok_actions          = [aws_sns_topic.cron_alerts.arn]
}

output "alarm_name" {
  description = "The alarm to put on a board."
  value       = aws_cloudwatch_metric_alarm.cron_unhealthy.alarm_name
}

output "lambda_function_name" {
  description = "Invoke it by hand to try it."
  value       = aws_lambda_function.cron_health.function_name
}

output "secret_name" {
  description = "Put the key in here."
  value       = aws_secretsmanager_secret.cron_api_key.name
}

output "sns_topic_arn" {
  description = "Subscribe more people to this."
  value       = aws_sns_topic.cron_alerts.arn
}

-- One of everything, as MLflow 3.18 writes it.

INSERT INTO experiments VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', 1000, 1000, 'default');
INSERT INTO experiments VALUES (1, 'support', 'mlflow-artifacts:/1', 'active', 2000, 3000, 'default');
INSERT INTO experiments VALUES (2, 'gone', 's3://bucket/2', 'deleted', 2000, 4000, 'default');
INSERT INTO experiments VALUES (3, 'support', 'mlflow-artifacts:/3', 'active', 2500, 2500, 'team');
INSERT INTO experiment_tags VALUES ('team', 'chat', 1);

INSERT INTO runs VALUES ('a0000000000000000000000000000001', 'trained', 'UNKNOWN', '', '', 'ann', 'FINISHED', 5000, 6000, '', 'active', 'mlflow-artifacts:/1/a0000000000000000000000000000001/artifacts', 1, NULL);
INSERT INTO runs VALUES ('a0000000000000000000000000000002', 'stopped', 'UNKNOWN', '', '', 'bob', 'KILLED', 5500, 5600, '', 'deleted', 's3://bucket/1/a0000000000000000000000000000002/artifacts', 1, 7000);
INSERT INTO runs VALUES ('a0000000000000000000000000000003', 'going on', 'UNKNOWN', '', '', 'ann', 'RUNNING', 5700, NULL, '', 'active', 'mlflow-artifacts:/1/a0000000000000000000000000000003/artifacts', 1, NULL);
INSERT INTO params VALUES ('lr', '0.1', 'a0000000000000000000000000000001');
INSERT INTO tags VALUES ('team', 'search', 'a0000000000000000000000000000001');
INSERT INTO metrics VALUES ('loss', 0.5, 10, 'a0000000000000000000000000000001', 0, 0);
INSERT INTO metrics VALUES ('loss', 0.25, 20, 'a0000000000000000000000000000001', 1, 0);
INSERT INTO metrics VALUES ('loss', 0.1, 30, 'a0000000000000000000000000000001', 2, 0);
INSERT INTO metrics VALUES ('none', 0, 11, 'a0000000000000000000000000000001', 0, 1);
INSERT INTO metrics VALUES ('endless', 9e999, 12, 'a0000000000000000000000000000001', 0, 0);
INSERT INTO metrics VALUES ('accuracy', 0.75, 13, 'a0000000000000000000000000000001', 3, 0);
INSERT INTO latest_metrics VALUES ('loss', 0.1, 30, 2, 0, 'a0000000000000000000000000000001');
INSERT INTO latest_metrics VALUES ('none', 0, 11, 0, 1, 'a0000000000000000000000000000001');
INSERT INTO latest_metrics VALUES ('endless', 9e999, 12, 0, 0, 'a0000000000000000000000000000001');
INSERT INTO latest_metrics VALUES ('accuracy', 0.75, 13, 3, 0, 'a0000000000000000000000000000001');
INSERT INTO datasets VALUES ('d1', 1, 'questions', 'abc', 'local', '{"uri": "x"}', NULL, '{"num_rows": 2}');
INSERT INTO inputs VALUES ('i1', 'DATASET', 'd1', 'RUN', 'a0000000000000000000000000000001', 0);
INSERT INTO input_tags VALUES ('i1', 'mlflow.data.context', 'training');
INSERT INTO inputs VALUES ('i2', 'RUN_INPUT', 'a0000000000000000000000000000001', 'MODEL_INPUT', 'm-b0000000000000000000000000000001', 0);
INSERT INTO inputs VALUES ('i3', 'RUN_OUTPUT', 'a0000000000000000000000000000001', 'MODEL_OUTPUT', 'm-b0000000000000000000000000000001', 7);

INSERT INTO logged_models VALUES ('m-b0000000000000000000000000000001', 1, 'agent', 'mlflow-artifacts:/1/models/m-b0000000000000000000000000000001/artifacts', 5100, 5200, 2, 'active', 'agent', 'a0000000000000000000000000000001', NULL);
INSERT INTO logged_model_params VALUES ('m-b0000000000000000000000000000001', 1, 'temperature', '0.5');
INSERT INTO logged_model_tags VALUES ('m-b0000000000000000000000000000001', 1, 'stage', 'one');
INSERT INTO logged_model_metrics VALUES ('m-b0000000000000000000000000000001', 'accuracy', 13, 3, 0.75, 1, 'a0000000000000000000000000000001', NULL, 'questions', 'abc');

INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, client_request_id, request_preview, response_preview, trace_name, session_id, input_tokens, output_tokens, total_tokens)
    VALUES ('tr-c0000000000000000000000000000001', 1, 1700000000000, 250, 'OK', 'request 1', '{"q": "hi"}', '"there"', 'answer', 'session 1', 3, 4, 7);
INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status) VALUES ('tr-c0000000000000000000000000000002', 1, 1700000001000, NULL, 'IN_PROGRESS');
INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status) VALUES ('from elsewhere', 1, 1700000002000, 1, 'OK');
INSERT INTO trace_tags VALUES ('mlflow.trace.spansLocation', 'TRACKING_STORE', 'tr-c0000000000000000000000000000001');
INSERT INTO trace_tags VALUES ('mlflow.artifactLocation', 'mlflow-artifacts:/1/traces/tr-c0000000000000000000000000000001/artifacts', 'tr-c0000000000000000000000000000001');
INSERT INTO trace_tags VALUES ('number', '1', 'tr-c0000000000000000000000000000001');
INSERT INTO trace_request_metadata VALUES ('own', 'ünï', 'tr-c0000000000000000000000000000001');
INSERT INTO trace_request_metadata VALUES ('mlflow.trace.user', 'ann', 'tr-c0000000000000000000000000000001');
INSERT INTO spans (trace_id, experiment_id, span_id, parent_span_id, name, type, status, start_time_unix_nano, end_time_unix_nano, content)
    VALUES ('tr-c0000000000000000000000000000001', 1, '0000000000000001', NULL, 'answer', 'AGENT', 'OK', 1700000000000000001, 1700000000250000000,
    '{"trace_id": "wAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": "answer", "kind": "SPAN_KIND_INTERNAL", "start_time_unix_nano": 1700000000000000001, "end_time_unix_nano": 1700000000250000000, "events": [], "status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": {"mlflow.spanType": "\"AGENT\"", "mlflow.spanInputs": "{\"q\": \"hi\"}", "mlflow.spanOutputs": "\"there\""}, "links": []}');
INSERT INTO spans (trace_id, experiment_id, span_id, parent_span_id, name, type, status, start_time_unix_nano, end_time_unix_nano, content)
    VALUES ('tr-c0000000000000000000000000000001', 1, '0000000000000002', '0000000000000001', 'model', 'CHAT_MODEL', 'ERROR', 1700000000000000002, 1700000000200000000,
    '{"trace_id": "wAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI=", "parent_span_id": "AAAAAAAAAAE=", "name": "model", "kind": "SPAN_KIND_CLIENT", "start_time_unix_nano": 1700000000000000002, "end_time_unix_nano": 1700000000200000000, "events": [{"name": "thought", "time_unix_nano": 1700000000000000003, "attributes": {"depth": 2}}], "status": {"code": "STATUS_CODE_ERROR", "message": "too long"}, "attributes": {"mlflow.spanType": "\"CHAT_MODEL\"", "number": "3", "text": "\"plain\""}, "links": []}');
INSERT INTO entity_associations VALUES ('e1', 'trace', 'tr-c0000000000000000000000000000001', 'run', 'a0000000000000000000000000000001', 1);
INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, error, created_timestamp, last_updated_timestamp, source_type, source_id, rationale, overrides, valid, assessment_metadata)
    VALUES ('a-d0000000000000000000000000000001', 'tr-c0000000000000000000000000000001', 'good', 'feedback', 'false', NULL, 1700000003000, 1700000003000, 'HUMAN', 'ann', 'it seems so', NULL, 0, '{"why": "x"}');
INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, error, created_timestamp, last_updated_timestamp, source_type, source_id, overrides, valid)
    VALUES ('a-d0000000000000000000000000000002', 'tr-c0000000000000000000000000000001', 'good', 'feedback', 'true', NULL, 1700000004000, 1700000005000, 'HUMAN', 'ann', 'a-d0000000000000000000000000000001', 1);
INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, error, created_timestamp, last_updated_timestamp, source_type, source_id, valid)
    VALUES ('a-d0000000000000000000000000000003', 'tr-c0000000000000000000000000000001', 'expected', 'expectation', '{"answer": [1, null]}', NULL, 1700000006000, 1700000006000, 'CODE', 'default', 1);
INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, error, created_timestamp, last_updated_timestamp, source_type, source_id, valid)
    VALUES ('a-d0000000000000000000000000000004', 'tr-c0000000000000000000000000000001', 'judged', 'feedback', 'null', '{"error_code": "TIMEOUT", "error_message": "no answer"}', 1700000007000, 1700000007000, 'LLM_JUDGE', 'gpt', 1);

INSERT INTO evaluation_datasets VALUES ('d-e0000000000000000000000000000001', 'questions', '{}', '{}', 'abc', 8000, 8100, 'ann', 'bob', 'default');
INSERT INTO evaluation_dataset_tags VALUES ('d-e0000000000000000000000000000001', 'owner', 'ann');
INSERT INTO evaluation_dataset_records VALUES ('dr-1', 'd-e0000000000000000000000000000001', '{"q": "one"}', '{"answer": 1}', '{"split": "train"}', '{"source_type": "HUMAN", "source_data": {"user": "ann"}}', NULL, 'HUMAN', 8001, 8002, 'ann', 'bob', 'h1', '{"mlflow_wrapped": {"answer": 1}}');
INSERT INTO evaluation_dataset_records VALUES ('dr-2', 'd-e0000000000000000000000000000001', '{"q": "two"}', NULL, NULL, NULL, NULL, NULL, 8003, 8003, NULL, NULL, 'h2', 'null');
INSERT INTO entity_associations VALUES ('e2', 'evaluation_dataset', 'd-e0000000000000000000000000000001', 'experiment', '1', 1);

INSERT INTO registered_models VALUES ('greet', 9000, 9100, '', 'default');
INSERT INTO registered_model_tags VALUES ('mlflow.prompt.is_prompt', 'true', 'greet', 'default');
INSERT INTO registered_model_tags VALUES ('area', 'front', 'greet', 'default');
INSERT INTO model_versions VALUES ('greet', 1, 9001, 9001, 'first', '', 'None', 'dummy-source', '', 'READY', '', '', '', 'default');
INSERT INTO model_versions VALUES ('greet', 2, 9002, 9050, '', '', 'Deleted_Internal', 'REDACTED-SOURCE-PATH', '', 'READY', '', '', '', 'default');
INSERT INTO model_versions VALUES ('greet', 3, 9003, 9003, 'third', '', 'None', 'dummy-source', '', 'READY', '', '', '', 'default');
INSERT INTO model_versions VALUES ('greet', 4, 9004, 9050, '', '', 'Deleted_Internal', 'REDACTED-SOURCE-PATH', '', 'READY', '', '', '', 'default');
INSERT INTO model_version_tags VALUES ('mlflow.prompt.is_prompt', 'true', 'greet', 1, 'default');
INSERT INTO model_version_tags VALUES ('mlflow.prompt.text', 'Hello {{name}}', 'greet', 1, 'default');
INSERT INTO model_version_tags VALUES ('mlflow.prompt.is_prompt', 'true', 'greet', 3, 'default');
INSERT INTO model_version_tags VALUES ('mlflow.prompt.text', 'Hi {{name}}', 'greet', 3, 'default');
INSERT INTO registered_model_aliases VALUES ('production', 1, 'greet', 'default');
INSERT INTO registered_models VALUES ('classifier', 9000, 9000, 'a model', 'default');
INSERT INTO model_versions VALUES ('classifier', 1, 9001, 9001, '', '', 'None', 's3://bucket/model', 'a0000000000000000000000000000001', 'READY', '', '', '', 'default');
INSERT INTO registered_models VALUES ('greet', 9000, 9000, 'of a team', 'team');

INSERT INTO scorers VALUES (1, 'tone', 'f0000000-0000-0000-0000-000000000001');
INSERT INTO scorer_versions VALUES ('f0000000-0000-0000-0000-000000000001', 1, '{"name": "tone"}', 9500);
INSERT INTO online_scoring_configs VALUES ('o1', 'f0000000-0000-0000-0000-000000000001', 0.5, 1, NULL);
INSERT INTO label_schemas VALUES ('ls-1', 1, 'right', 'feedback', 'Is it right?', 1, 'pass_fail', '{"positive_label": "Right", "negative_label": "Wrong"}', NULL, 9600, 9601, 0);
INSERT INTO label_schemas VALUES ('ls-2', 1, 'Feedback', 'feedback', 'Share any feedback on this trace.', 0, 'text', '{"max_length": null}', NULL, 9600, 9600, 1);
INSERT INTO review_queues VALUES ('rq-1', 1, 'weekly', 'custom', 'ann', 9700, 9701, 'weekly');
INSERT INTO review_queue_users VALUES ('rq-1', 'ann');
INSERT INTO review_queue_label_schemas VALUES ('rq-1', 'ls-1');
INSERT INTO review_queue_items VALUES ('rq-1', 'trace', 'tr-c0000000000000000000000000000001', 'complete', 'ann', 9750, 9740, 9750);
INSERT INTO issues (issue_id, experiment_id, name, description, status, severity, root_causes, source_run_id, categories, created_timestamp, last_updated_timestamp, created_by)
    VALUES ('iss-1', 1, 'slow', 'It is slow.', 'pending', 'high', '["a"]', NULL, '["latency"]', 9800, 9801, 'ann');
INSERT INTO webhooks VALUES ('w1', 'hook', NULL, 'https://example.com', 'ACTIVE', 'encrypted', 1, 1, NULL, 'default');

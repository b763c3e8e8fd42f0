-- What MLflow 2.22 writes: spans stand in files.

INSERT INTO experiments VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', 1000, 1000);
INSERT INTO experiments VALUES (1, 'support', 'mlflow-artifacts:/1', 'active', 2000, 3000);
INSERT INTO runs VALUES ('a0000000000000000000000000000001', 'trained', 'UNKNOWN', '', '', 'ann', 'FINISHED', 5000, 6000, '', 'active', 'mlflow-artifacts:/1/a0000000000000000000000000000001/artifacts', 1, NULL);
INSERT INTO metrics VALUES ('loss', 0.5, 10, 'a0000000000000000000000000000001', 0, 0);
INSERT INTO latest_metrics VALUES ('loss', 0.5, 10, 0, 0, 'a0000000000000000000000000000001');
INSERT INTO trace_info VALUES ('c0000000000000000000000000000001', 1, 1700000000000, 250, 'ERROR');
INSERT INTO trace_tags VALUES ('mlflow.artifactLocation', 'mlflow-artifacts:/1/traces/c0000000000000000000000000000001/artifacts', 'c0000000000000000000000000000001');
INSERT INTO trace_tags VALUES ('mlflow.traceName', 'answer', 'c0000000000000000000000000000001');
INSERT INTO trace_request_metadata VALUES ('mlflow.traceInputs', '{"q": "hi"}', 'c0000000000000000000000000000001');
INSERT INTO trace_request_metadata VALUES ('mlflow.sourceRun', 'a0000000000000000000000000000001', 'c0000000000000000000000000000001');
INSERT INTO trace_info VALUES ('c0000000000000000000000000000002', 1, 1700000001000, 250, 'OK');
INSERT INTO trace_tags VALUES ('mlflow.artifactLocation', 'mlflow-artifacts:/1/traces/c0000000000000000000000000000002/artifacts', 'c0000000000000000000000000000002');
INSERT INTO registered_models VALUES ('greet', 9000, 9100, '');
INSERT INTO registered_model_tags VALUES ('mlflow.prompt.is_prompt', 'true', 'greet');
INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, current_stage, source) VALUES ('greet', 1, 9001, 9001, 'first', 'None', 'dummy-source');
INSERT INTO model_version_tags VALUES ('mlflow.prompt.text', 'Hello {{name}}', 'greet', 1);

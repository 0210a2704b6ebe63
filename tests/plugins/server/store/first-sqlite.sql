BEGIN TRANSACTION;
CREATE TABLE access_keys (
	access_key_id TEXT NOT NULL, 
	sealed_secret TEXT NOT NULL, 
	label TEXT NOT NULL, 
	namespace TEXT NOT NULL, 
	group_id TEXT NOT NULL, 
	policies TEXT NOT NULL, 
	created BIGINT NOT NULL, 
	revoked BIGINT, 
	CONSTRAINT pk_access_keys PRIMARY KEY (access_key_id)
);
CREATE TABLE anyjob_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT anyjob_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "anyjob_version" VALUES('0001');
CREATE TABLE app_groups (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	namespace TEXT NOT NULL, 
	group_id TEXT NOT NULL, 
	app_name TEXT NOT NULL, 
	app_key TEXT NOT NULL, 
	app_type INTEGER NOT NULL, 
	app_version INTEGER NOT NULL, 
	description TEXT NOT NULL, 
	enable_log BOOLEAN NOT NULL, 
	max_jobs INTEGER NOT NULL, 
	max_concurrency INTEGER NOT NULL, 
	monitor_config TEXT NOT NULL, 
	monitor_contacts TEXT NOT NULL, 
	notification_policy TEXT NOT NULL, 
	schedule_busy_workers BOOLEAN NOT NULL, 
	created BIGINT NOT NULL, 
	jobs INTEGER NOT NULL, 
	CONSTRAINT fk_app_groups_namespace FOREIGN KEY(namespace) REFERENCES namespaces (uid), 
	CONSTRAINT uq_app_groups_namespace_group_id UNIQUE (namespace, group_id)
);
INSERT INTO "app_groups" VALUES(1,'space','g','app g','',1,1,'',0,0,0,'','','',0,2,1);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	"key" TEXT NOT NULL, 
	action TEXT NOT NULL, 
	namespace TEXT NOT NULL, 
	group_id TEXT NOT NULL, 
	job BIGINT, 
	detail TEXT NOT NULL, 
	allowed BOOLEAN NOT NULL, 
	request_id TEXT NOT NULL, 
	remote TEXT NOT NULL
);
CREATE TABLE instances (
	id INTEGER NOT NULL, 
	job BIGINT NOT NULL, 
	"group" BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	"trigger" INTEGER NOT NULL, 
	schedule_time BIGINT NOT NULL, 
	data_time BIGINT NOT NULL, 
	created BIGINT NOT NULL, 
	start_time BIGINT, 
	end_time BIGINT, 
	priority INTEGER NOT NULL, 
	code BIGINT, 
	retry_of BIGINT, 
	cause TEXT NOT NULL, 
	work_addr TEXT NOT NULL, 
	executor TEXT NOT NULL, 
	trace_id TEXT NOT NULL, 
	note TEXT NOT NULL, 
	parameters TEXT NOT NULL, 
	progress TEXT NOT NULL, 
	result TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	CONSTRAINT pk_instances PRIMARY KEY (id)
);
CREATE TABLE job_texts (
	job INTEGER NOT NULL, 
	wire TEXT NOT NULL, 
	binding TEXT NOT NULL, 
	CONSTRAINT pk_job_texts PRIMARY KEY (job), 
	CONSTRAINT fk_job_texts_job FOREIGN KEY(job) REFERENCES jobs (id) ON DELETE CASCADE
);
INSERT INTO "job_texts" VALUES(1,'{"JobType": "shell", "Name": "job", "ExecuteMode": "standalone", "Content": "echo hello", "MaxConcurrency": 1, "MaxAttempt": 0, "AttemptInterval": 30, "PageSize": 100, "ConsumerSize": 5, "QueueSize": 10000, "DispatcherSize": 5, "TimeType": 100, "DataOffset": 0, "TimeoutEnable": false, "Timeout": 7200, "TimeoutKillEnable": false, "FailEnable": false, "FailTimes": 1, "MissWorkerEnable": false, "SuccessNoticeEnable": false, "SendChannel": "default", "TaskMaxAttempt": 0, "TaskAttemptInterval": 0, "Status": 1, "Priority": 5, "StartTime": -1, "EndTime": -1, "TaskDispatchMode": "push"}','{}');
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	"group" BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	job_type TEXT NOT NULL, 
	status INTEGER NOT NULL, 
	time_type INTEGER NOT NULL, 
	next_fire BIGINT, 
	created BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	creator TEXT NOT NULL, 
	removed BIGINT, 
	CONSTRAINT fk_jobs_group FOREIGN KEY("group") REFERENCES app_groups (id)
);
INSERT INTO "jobs" VALUES(1,1,'job','shell',1,100,5,1,1,1,'',NULL);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('ident','the first');
INSERT INTO "meta" VALUES('first_instance','1');
CREATE TABLE namespaces (
	uid TEXT NOT NULL, 
	name TEXT NOT NULL, 
	description TEXT NOT NULL, 
	source TEXT NOT NULL, 
	created BIGINT NOT NULL, 
	CONSTRAINT pk_namespaces PRIMARY KEY (uid)
);
INSERT INTO "namespaces" VALUES('space','S','','',1);
CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	job BIGINT NOT NULL, 
	instance BIGINT, 
	"group" BIGINT NOT NULL, 
	payload TEXT NOT NULL, 
	sent BIGINT
);
CREATE TABLE reasons (
	id INTEGER NOT NULL, 
	job BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	schedule_time BIGINT, 
	kind TEXT NOT NULL, 
	text TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	last BIGINT NOT NULL, 
	CONSTRAINT pk_reasons PRIMARY KEY (id)
);
CREATE TABLE scripts (
	job BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	created BIGINT NOT NULL, 
	creator TEXT NOT NULL, 
	description TEXT NOT NULL, 
	content TEXT NOT NULL, 
	CONSTRAINT pk_scripts PRIMARY KEY (job, version), 
	CONSTRAINT fk_scripts_job FOREIGN KEY(job) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE INDEX ix_instances_group_id ON instances ("group", id);
CREATE INDEX ix_instances_job_id ON instances (job, id);
CREATE INDEX ix_instances_open ON instances (id) WHERE status NOT IN (4, 5, 12, 99);
CREATE UNIQUE INDEX uq_instances_firing ON instances (job, schedule_time, data_time) WHERE "trigger" = 1;
CREATE INDEX ix_outbox_unsent ON outbox (id) WHERE sent IS NULL;
CREATE INDEX ix_reasons_job_id ON reasons (job, id);
CREATE INDEX ix_jobs_listed ON jobs ("group", id, status, name, removed) WHERE removed IS NULL;
CREATE INDEX ix_jobs_removed ON jobs (removed) WHERE removed IS NOT NULL;
CREATE INDEX ix_jobs_removed_name ON jobs ("group", name) WHERE removed IS NOT NULL;
CREATE UNIQUE INDEX uq_jobs_group_name ON jobs ("group", name) WHERE removed IS NULL;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('app_groups',1);
INSERT INTO "sqlite_sequence" VALUES('jobs',1);
COMMIT;

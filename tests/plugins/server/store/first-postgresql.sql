CREATE FUNCTION public.audit_only_grows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$;
CREATE TABLE public.access_keys (
    access_key_id text NOT NULL,
    sealed_secret text NOT NULL,
    label text NOT NULL,
    namespace text NOT NULL,
    group_id text NOT NULL,
    policies text NOT NULL,
    created bigint NOT NULL,
    revoked bigint
);
CREATE TABLE public.anyjob_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.app_groups (
    id bigint NOT NULL,
    namespace text NOT NULL,
    group_id text NOT NULL,
    app_name text NOT NULL,
    app_key text NOT NULL,
    app_type integer NOT NULL,
    app_version integer NOT NULL,
    description text NOT NULL,
    enable_log boolean NOT NULL,
    max_jobs integer NOT NULL,
    max_concurrency integer NOT NULL,
    monitor_config text NOT NULL,
    monitor_contacts text NOT NULL,
    notification_policy text NOT NULL,
    schedule_busy_workers boolean NOT NULL,
    created bigint NOT NULL,
    jobs integer NOT NULL
);
CREATE SEQUENCE public.app_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.app_groups_id_seq OWNED BY public.app_groups.id;
CREATE TABLE public.audit (
    id bigint NOT NULL,
    at bigint NOT NULL,
    key text NOT NULL,
    action text NOT NULL,
    namespace text NOT NULL,
    group_id text NOT NULL,
    job bigint,
    detail text NOT NULL,
    allowed boolean NOT NULL,
    request_id text NOT NULL,
    remote text NOT NULL
);
CREATE SEQUENCE public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_id_seq OWNED BY public.audit.id;
CREATE TABLE public.instances (
    id bigint NOT NULL,
    job bigint NOT NULL,
    "group" bigint NOT NULL,
    status integer NOT NULL,
    trigger integer NOT NULL,
    schedule_time bigint NOT NULL,
    data_time bigint NOT NULL,
    created bigint NOT NULL,
    start_time bigint,
    end_time bigint,
    priority integer NOT NULL,
    code bigint,
    retry_of bigint,
    cause text NOT NULL,
    work_addr text NOT NULL,
    executor text NOT NULL,
    trace_id text NOT NULL,
    note text NOT NULL,
    parameters text NOT NULL,
    progress text NOT NULL,
    result text NOT NULL,
    outcome text NOT NULL
);
CREATE TABLE public.job_texts (
    job bigint NOT NULL,
    wire text NOT NULL,
    binding text NOT NULL
);
CREATE TABLE public.jobs (
    id bigint NOT NULL,
    "group" bigint NOT NULL,
    name text NOT NULL,
    job_type text NOT NULL,
    status integer NOT NULL,
    time_type integer NOT NULL,
    next_fire bigint,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    revision integer NOT NULL,
    creator text NOT NULL,
    removed bigint
);
CREATE SEQUENCE public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.jobs_id_seq OWNED BY public.jobs.id;
CREATE TABLE public.meta (
    name text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.namespaces (
    uid text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    source text NOT NULL,
    created bigint NOT NULL
);
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    at bigint NOT NULL,
    kind text NOT NULL,
    job bigint NOT NULL,
    instance bigint,
    "group" bigint NOT NULL,
    payload text NOT NULL,
    sent bigint
);
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.reasons (
    id bigint NOT NULL,
    job bigint NOT NULL,
    at bigint NOT NULL,
    schedule_time bigint,
    kind text NOT NULL,
    text text NOT NULL,
    count integer NOT NULL,
    last bigint NOT NULL
);
CREATE SEQUENCE public.reasons_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.reasons_id_seq OWNED BY public.reasons.id;
CREATE TABLE public.scripts (
    job bigint NOT NULL,
    version integer NOT NULL,
    created bigint NOT NULL,
    creator text NOT NULL,
    description text NOT NULL,
    content text NOT NULL
);
ALTER TABLE ONLY public.app_groups ALTER COLUMN id SET DEFAULT nextval('public.app_groups_id_seq'::regclass);
ALTER TABLE ONLY public.audit ALTER COLUMN id SET DEFAULT nextval('public.audit_id_seq'::regclass);
ALTER TABLE ONLY public.jobs ALTER COLUMN id SET DEFAULT nextval('public.jobs_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.reasons ALTER COLUMN id SET DEFAULT nextval('public.reasons_id_seq'::regclass);
INSERT INTO public.anyjob_version VALUES ('0001');
INSERT INTO public.app_groups VALUES (1, 'space', 'g', 'app g', '', 1, 1, '', false, 0, 0, '', '', '', false, 2, 1);
INSERT INTO public.job_texts VALUES (1, '{"JobType": "shell", "Name": "job", "ExecuteMode": "standalone", "Content": "echo hello", "MaxConcurrency": 1, "MaxAttempt": 0, "AttemptInterval": 30, "PageSize": 100, "ConsumerSize": 5, "QueueSize": 10000, "DispatcherSize": 5, "TimeType": 100, "DataOffset": 0, "TimeoutEnable": false, "Timeout": 7200, "TimeoutKillEnable": false, "FailEnable": false, "FailTimes": 1, "MissWorkerEnable": false, "SuccessNoticeEnable": false, "SendChannel": "default", "TaskMaxAttempt": 0, "TaskAttemptInterval": 0, "Status": 1, "Priority": 5, "StartTime": -1, "EndTime": -1, "TaskDispatchMode": "push"}', '{}');
INSERT INTO public.jobs VALUES (1, 1, 'job', 'shell', 1, 100, 5, 1, 1, 1, '', NULL);
INSERT INTO public.meta VALUES ('ident', 'the first');
INSERT INTO public.meta VALUES ('first_instance', '1');
INSERT INTO public.namespaces VALUES ('space', 'S', '', '', 1);
SELECT pg_catalog.setval('public.app_groups_id_seq', 1, true);
SELECT pg_catalog.setval('public.audit_id_seq', 1, false);
SELECT pg_catalog.setval('public.jobs_id_seq', 1, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
SELECT pg_catalog.setval('public.reasons_id_seq', 1, false);
ALTER TABLE ONLY public.anyjob_version
    ADD CONSTRAINT anyjob_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT pk_access_keys PRIMARY KEY (access_key_id);
ALTER TABLE ONLY public.app_groups
    ADD CONSTRAINT pk_app_groups PRIMARY KEY (id);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (id);
ALTER TABLE ONLY public.instances
    ADD CONSTRAINT pk_instances PRIMARY KEY (id);
ALTER TABLE ONLY public.job_texts
    ADD CONSTRAINT pk_job_texts PRIMARY KEY (job);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (id);
ALTER TABLE ONLY public.meta
    ADD CONSTRAINT pk_meta PRIMARY KEY (name);
ALTER TABLE ONLY public.namespaces
    ADD CONSTRAINT pk_namespaces PRIMARY KEY (uid);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);
ALTER TABLE ONLY public.reasons
    ADD CONSTRAINT pk_reasons PRIMARY KEY (id);
ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT pk_scripts PRIMARY KEY (job, version);
ALTER TABLE ONLY public.app_groups
    ADD CONSTRAINT uq_app_groups_namespace_group_id UNIQUE (namespace, group_id);
CREATE INDEX ix_instances_group_id ON public.instances USING btree ("group", id);
CREATE INDEX ix_instances_job_id ON public.instances USING btree (job, id);
CREATE INDEX ix_instances_open ON public.instances USING btree (id) WHERE (status <> ALL (ARRAY[4, 5, 12, 99]));
CREATE INDEX ix_jobs_listed ON public.jobs USING btree ("group", id, status, name, removed) WHERE (removed IS NULL);
CREATE INDEX ix_jobs_removed ON public.jobs USING btree (removed) WHERE (removed IS NOT NULL);
CREATE INDEX ix_jobs_removed_name ON public.jobs USING btree ("group", name) WHERE (removed IS NOT NULL);
CREATE INDEX ix_outbox_unsent ON public.outbox USING btree (id) WHERE (sent IS NULL);
CREATE INDEX ix_reasons_job_id ON public.reasons USING btree (job, id);
CREATE UNIQUE INDEX uq_instances_firing ON public.instances USING btree (job, schedule_time, data_time) WHERE (trigger = 1);
CREATE UNIQUE INDEX uq_jobs_group_name ON public.jobs USING btree ("group", name) WHERE (removed IS NULL);
CREATE TRIGGER audit_only_grows BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_only_grows();
ALTER TABLE ONLY public.app_groups
    ADD CONSTRAINT fk_app_groups_namespace FOREIGN KEY (namespace) REFERENCES public.namespaces(uid);
ALTER TABLE ONLY public.job_texts
    ADD CONSTRAINT fk_job_texts_job FOREIGN KEY (job) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_group FOREIGN KEY ("group") REFERENCES public.app_groups(id);
ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT fk_scripts_job FOREIGN KEY (job) REFERENCES public.jobs(id) ON DELETE CASCADE;

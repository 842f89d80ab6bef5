BEGIN TRANSACTION;
CREATE TABLE clips (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        spec TEXT NOT NULL,
        start INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        cut INTEGER NOT NULL,
        continuation BLOB NOT NULL,
        record TEXT NOT NULL,
        marks TEXT NOT NULL,
        PRIMARY KEY (session, number, revision)
    );
INSERT INTO "clips" VALUES('20261112-183000-7x',0,0,'{"index":0,"revision":0,"start":0.0,"end":30.0,"total":180.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.4,"arousal":0.6}},{"time":32.0,"affect":{"valence":-0.4,"arousal":0.6}}]},"levels":[{"time":0.0,"lufs":-21.654005389163668},{"time":32.0,"lufs":-21.654005389163668}],"seeds":[{"time":0.0,"seed":7}],"tags":{"mood":"dramatic","emotion":"tense","instrument":"bell","genre":"world"},"prompt":"A dramatic world piece for bell that feels tense","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"bell","genre":"world"}}]}',0,1440000,0,X'00FF7374617465','{"composer":"embedded","version":27,"loudness":-23.1,"true_peak":-1.5,"gating":"off","seconds":1.2,"speed":25.0,"readings":[],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[0.0],"phrases":[0.0]}');
INSERT INTO "clips" VALUES('20261112-183000-7x',1,0,'{"index":1,"revision":0,"start":22.5,"end":52.5,"total":180.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.4,"arousal":0.6}},{"time":36.0,"affect":{"valence":-0.4,"arousal":0.6}},{"time":54.5,"affect":{"valence":-0.22870370370370371,"arousal":0.4287037037037037}}]},"levels":[{"time":0.0,"lufs":-21.654005389163668},{"time":36.0,"lufs":-21.654005389163668},{"time":54.5,"lufs":-22.167894278052557}],"seeds":[{"time":0.0,"seed":7}],"tags":{"mood":"dramatic","emotion":"tense","instrument":"bell","genre":"world"},"prompt":"A dramatic world piece for bell that feels tense","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"bell","genre":"world"}}]}',1080000,1440000,0,X'00FF7374617465','{"composer":"embedded","version":27,"loudness":-23.1,"true_peak":-1.5,"gating":"off","seconds":1.2,"speed":25.0,"readings":[],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[22.5],"phrases":[22.5]}');
INSERT INTO "clips" VALUES('20261115-183000-4c',0,0,'{"index":0,"revision":0,"start":0.0,"end":30.0,"total":900.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.7,"arousal":-0.3}},{"time":32.0,"affect":{"valence":-0.7,"arousal":-0.3}}]},"levels":[{"time":0.0,"lufs":-24.043152329255477},{"time":32.0,"lufs":-24.043152329255477}],"seeds":[{"time":0.0,"seed":11}],"tags":{"mood":"sad","emotion":"sad","instrument":"piano","genre":"soundtrack"},"prompt":"A sad soundtrack piece for piano that feels sad","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"piano","genre":"soundtrack"}}]}',0,1440000,0,X'00FF7374617465','{"composer":"embedded","version":27,"loudness":-23.1,"true_peak":-1.5,"gating":"off","seconds":1.2,"speed":25.0,"readings":[],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[0.0],"phrases":[0.0]}');
CREATE TABLE events (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        position INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (session, position)
    );
INSERT INTO "events" VALUES('20261112-183000-7x',0,'{"type":"steer","at":20.0,"target":{"valence":0.1,"arousal":0.2},"word":"glad"}');
INSERT INTO "events" VALUES('20261112-183000-7x',1,'{"type":"ease","at":60.5}');
INSERT INTO "events" VALUES('20261112-183000-7x',2,'{"type":"skip","at":90.0}');
CREATE TABLE notes (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        position INTEGER NOT NULL,
        seconds REAL NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (session, position)
    );
INSERT INTO "notes" VALUES('20261112-183000-7x',0,12.5,'The engine was started again.');
INSERT INTO "notes" VALUES('20261115-183000-4c',0,12.5,'The engine was started again.');
CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        created TEXT NOT NULL,
        request TEXT NOT NULL,
        composer TEXT NOT NULL,
        composer_version INTEGER NOT NULL,
        settings TEXT,
        position REAL NOT NULL DEFAULT 0.0,
        state TEXT NOT NULL DEFAULT 'running'
            CHECK (state IN ('running', 'finished', 'interrupted', 'stopped'))
    , materials TEXT);
INSERT INTO "sessions" VALUES('20261112-183000-7x','2026-11-12T18:30:00+00:00','{"start":{"valence":-0.4,"arousal":0.6},"target":{"valence":0.6,"arousal":-0.4},"start_word":"tense","target_word":"calm","minutes":3,"strategy":"iso","instrument":null,"genre":null,"temperature":0.3,"seed":7,"composer":"auto","generation":{"guidance":3.0,"top_k":250,"temperature":1.0,"decoder":"ours","adapters":[],"opening":null},"mood_table":null}','embedded',27,'{"theme":"dark"}',180.0,'finished','{"model":"12ab"}');
INSERT INTO "sessions" VALUES('20261115-183000-4c','2026-11-15T18:30:00+00:00','{"start":{"valence":-0.7,"arousal":-0.3},"target":{"valence":0.7,"arousal":0.3},"start_word":"sad","target_word":null,"minutes":15,"strategy":"iso","instrument":"piano","genre":null,"temperature":0.3,"seed":11,"composer":"auto","generation":{"guidance":3.0,"top_k":250,"temperature":1.0,"decoder":"ours","adapters":[],"opening":null},"mood_table":null}','embedded',27,'{"theme":"dark"}',63.25,'stopped','{"model":"12ab"}');
COMMIT;
PRAGMA user_version = 2;

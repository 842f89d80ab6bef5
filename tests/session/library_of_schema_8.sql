BEGIN TRANSACTION;
CREATE TABLE clip_ratings (
        given TEXT PRIMARY KEY,
        read_valence REAL NOT NULL CHECK (read_valence BETWEEN -1 AND 1),
        read_arousal REAL NOT NULL CHECK (read_arousal BETWEEN -1 AND 1),
        valence INTEGER CHECK (valence BETWEEN 0 AND 100),
        arousal INTEGER CHECK (arousal BETWEEN 0 AND 100)
    );
INSERT INTO "clip_ratings" VALUES('2026-11-20T20:00:00+00:00',0.25,-0.5,70,40);
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
INSERT INTO "clips" VALUES('20261112-183000-7v',0,0,'{"index":0,"revision":0,"start":0.0,"end":30.0,"total":60.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.32,"arousal":0.8}},{"time":12.0,"affect":{"valence":-0.32,"arousal":0.8}},{"time":32.0,"affect":{"valence":0.16333333333333339,"arousal":0.04999999999999993}}]},"levels":[{"time":0.0,"lufs":-21.253608265598743},{"time":12.0,"lufs":-21.253608265598743},{"time":32.0,"lufs":-23.503608265598743}],"seeds":[{"time":0.0,"seed":5}],"tags":{"mood":"dramatic","emotion":"alarmed","instrument":"percussion","genre":"orchestral"},"prompt":"A dramatic orchestral piece for percussion that feels alarmed","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"percussion","genre":"orchestral"}}]}',0,1440000,0,X'6B657074','{"composer":"embedded","version":3,"loudness":-23.0,"true_peak":-1.5,"gating":"off","seconds":1.0,"speed":25.0,"readings":[{"start":0.0,"end":10.0,"valence":0.0,"arousal":0.3,"valence_error":0.297,"arousal_error":0.294,"known":true},{"start":10.0,"end":20.0,"valence":0.1,"arousal":0.2,"valence_error":0.297,"arousal_error":0.294,"known":true},{"start":20.0,"end":30.0,"valence":0.2,"arousal":0.1,"valence_error":0.297,"arousal_error":0.294,"known":true}],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[],"phrases":[]}');
INSERT INTO "clips" VALUES('20261112-183000-7v',1,0,'{"index":1,"revision":0,"start":22.5,"end":52.5,"total":60.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.32,"arousal":0.8}},{"time":12.0,"affect":{"valence":-0.32,"arousal":0.8}},{"time":48.0,"affect":{"valence":0.55,"arousal":-0.55}},{"time":54.5,"affect":{"valence":0.55,"arousal":-0.55}}]},"levels":[{"time":0.0,"lufs":-21.253608265598743},{"time":12.0,"lufs":-21.253608265598743},{"time":48.0,"lufs":-25.303608265598744},{"time":54.5,"lufs":-25.303608265598744}],"seeds":[{"time":0.0,"seed":5}],"tags":{"mood":"uplifting","emotion":"content","instrument":"percussion","genre":"orchestral"},"prompt":"An uplifting orchestral piece for percussion that feels content","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"percussion","genre":"orchestral"}}]}',1080000,1440000,0,X'6B657074','{"composer":"embedded","version":3,"loudness":-23.0,"true_peak":-1.5,"gating":"off","seconds":1.0,"speed":25.0,"readings":[{"start":22.5,"end":32.5,"valence":0.0,"arousal":0.3,"valence_error":0.297,"arousal_error":0.294,"known":true},{"start":32.5,"end":42.5,"valence":0.1,"arousal":0.2,"valence_error":0.297,"arousal_error":0.294,"known":true},{"start":42.5,"end":52.5,"valence":0.2,"arousal":0.1,"valence_error":0.297,"arousal_error":0.294,"known":true}],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[],"phrases":[]}');
INSERT INTO "clips" VALUES('20261112-183000-7v',2,0,'{"index":2,"revision":0,"start":45.0,"end":60.0,"total":60.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.32,"arousal":0.8}},{"time":12.0,"affect":{"valence":-0.32,"arousal":0.8}},{"time":48.0,"affect":{"valence":0.55,"arousal":-0.55}},{"time":60.0,"affect":{"valence":0.55,"arousal":-0.55}}]},"levels":[{"time":0.0,"lufs":-21.253608265598743},{"time":12.0,"lufs":-21.253608265598743},{"time":48.0,"lufs":-25.303608265598744},{"time":60.0,"lufs":-25.303608265598744}],"seeds":[{"time":0.0,"seed":5}],"tags":{"mood":"meditative","emotion":"calm","instrument":"percussion","genre":"orchestral"},"prompt":"A meditative orchestral piece for percussion that feels calm","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"percussion","genre":"orchestral"}}]}',2160000,720000,0,X'6B657074','{"composer":"embedded","version":3,"loudness":-23.0,"true_peak":-1.5,"gating":"off","seconds":1.0,"speed":25.0,"readings":[{"start":45.0,"end":55.0,"valence":0.0,"arousal":0.3,"valence_error":0.297,"arousal_error":0.294,"known":true}],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[],"phrases":[]}');
INSERT INTO "clips" VALUES('20261115-183000-sw',0,1,'{"index":0,"revision":1,"start":12.0,"end":30.0,"total":60.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.71,"arousal":-0.37}},{"time":12.0,"affect":{"valence":-0.71,"arousal":-0.37}},{"time":32.0,"affect":{"valence":0.08444444444444443,"arousal":-0.5366666666666666}}]},"levels":[{"time":0.0,"lufs":-23.337519169994792},{"time":12.0,"lufs":-23.337519169994792},{"time":32.0,"lufs":-23.837519169994792}],"seeds":[{"time":0.0,"seed":6}],"tags":{"mood":"melancholic","emotion":"gloomy","instrument":"cello","genre":"popfolk"},"prompt":"A melancholic pop folk piece for cello that feels gloomy","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"cello","genre":"popfolk"}}]}',576000,864000,0,X'6B657074','{"composer":"embedded","version":3,"loudness":-23.0,"true_peak":-1.5,"gating":"off","seconds":1.0,"speed":25.0,"readings":[{"start":12.0,"end":22.0,"valence":-0.2,"arousal":0.3,"valence_error":0.297,"arousal_error":0.294,"known":true}],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[],"phrases":[]}');
INSERT INTO "clips" VALUES('20261115-183000-sw',1,1,'{"index":1,"revision":1,"start":22.5,"end":52.5,"total":60.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.71,"arousal":-0.37}},{"time":12.0,"affect":{"valence":-0.71,"arousal":-0.37}},{"time":42.0,"affect":{"valence":0.4816666666666667,"arousal":-0.62}},{"time":48.0,"affect":{"valence":0.72,"arousal":-0.62}},{"time":54.5,"affect":{"valence":0.72,"arousal":-0.62}}]},"levels":[{"time":0.0,"lufs":-23.337519169994792},{"time":12.0,"lufs":-23.337519169994792},{"time":42.0,"lufs":-24.087519169994792},{"time":48.0,"lufs":-24.087519169994792},{"time":54.5,"lufs":-24.087519169994792}],"seeds":[{"time":0.0,"seed":6}],"tags":{"mood":"meditative","emotion":"content","instrument":"cello","genre":"popfolk"},"prompt":"A meditative pop folk piece for cello that feels content","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"cello","genre":"popfolk"}}]}',1080000,1440000,0,X'6B657074','{"composer":"embedded","version":3,"loudness":-23.0,"true_peak":-1.5,"gating":"off","seconds":1.0,"speed":25.0,"readings":[{"start":22.5,"end":32.5,"valence":-0.2,"arousal":0.3,"valence_error":0.297,"arousal_error":0.294,"known":true},{"start":32.5,"end":42.5,"valence":-0.1,"arousal":0.2,"valence_error":0.297,"arousal_error":0.294,"known":true},{"start":42.5,"end":52.5,"valence":0.0,"arousal":0.1,"valence_error":0.297,"arousal_error":0.294,"known":true}],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[],"phrases":[]}');
INSERT INTO "clips" VALUES('20261115-183000-sw',2,1,'{"index":2,"revision":1,"start":45.0,"end":60.0,"total":60.0,"path":{"waypoints":[{"time":0.0,"affect":{"valence":-0.71,"arousal":-0.37}},{"time":12.0,"affect":{"valence":-0.71,"arousal":-0.37}},{"time":42.0,"affect":{"valence":0.4816666666666667,"arousal":-0.62}},{"time":48.0,"affect":{"valence":0.72,"arousal":-0.62}},{"time":60.0,"affect":{"valence":0.72,"arousal":-0.62}}]},"levels":[{"time":0.0,"lufs":-23.337519169994792},{"time":12.0,"lufs":-23.337519169994792},{"time":42.0,"lufs":-24.087519169994792},{"time":48.0,"lufs":-24.087519169994792},{"time":60.0,"lufs":-24.087519169994792}],"seeds":[{"time":0.0,"seed":6}],"tags":{"mood":"meditative","emotion":"satisfied","instrument":"cello","genre":"popfolk"},"prompt":"A meditative pop folk piece for cello that feels satisfied","changes":[{"not_before":0.0,"not_after":0.0,"players":{"instrument":"cello","genre":"popfolk"}}]}',2160000,720000,0,X'6B657074','{"composer":"embedded","version":3,"loudness":-23.0,"true_peak":-1.5,"gating":"off","seconds":1.0,"speed":25.0,"readings":[{"start":45.0,"end":55.0,"valence":-0.2,"arousal":0.3,"valence_error":0.297,"arousal_error":0.294,"known":true}],"bars":[],"synthesis":"","built_in":[],"handover":null,"earlier":[]}','{"bars":[],"phrases":[]}');
CREATE TABLE course_sessions (
        session TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
        course TEXT NOT NULL,
        step INTEGER NOT NULL CHECK (typeof(step) = 'integer')
    );
INSERT INTO "course_sessions" VALUES('20261112-183000-7v','Evenings',3);
CREATE TABLE events (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        position INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (session, position)
    );
INSERT INTO "events" VALUES('20261115-183000-sw',0,'{"type":"ease","at":12.0}');
CREATE TABLE likings (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        clip INTEGER NOT NULL CHECK (typeof(clip) = 'integer'),
        revision INTEGER NOT NULL,
        at REAL NOT NULL CHECK (typeof(at) = 'real'),
        mood TEXT NOT NULL,
        instrument TEXT NOT NULL,
        genre TEXT NOT NULL,
        liked INTEGER NOT NULL CHECK (liked IN (0, 1)),
        given TEXT NOT NULL, by_instrument INTEGER NOT NULL DEFAULT 1, by_genre INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (session, clip, instrument, genre)
    );
INSERT INTO "likings" VALUES('20261112-183000-7v',1,0,30.0,'meditative','cello','popfolk',1,'2026-11-15T18:30:00+00:00',1,1);
CREATE TABLE notes (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        position INTEGER NOT NULL,
        seconds REAL NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (session, position)
    );
INSERT INTO "notes" VALUES('20261112-183000-7v',0,12.5,'The engine was started again.');
CREATE TABLE ratings (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        moment TEXT NOT NULL CHECK (moment IN ('before', 'after')),
        valence INTEGER CHECK (valence BETWEEN 0 AND 100),
        arousal INTEGER CHECK (arousal BETWEEN 0 AND 100),
        note TEXT NOT NULL,
        given TEXT NOT NULL, by_meter INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (session, moment)
    );
INSERT INTO "ratings" VALUES('20261112-183000-7v','before',30,70,'','2026-11-12T18:30:00+00:00',1);
INSERT INTO "ratings" VALUES('20261112-183000-7v','after',60,40,'','2026-11-12T18:33:00+00:00',1);
INSERT INTO "ratings" VALUES('20261115-183000-sw','before',30,70,'','2026-11-15T18:30:00+00:00',1);
INSERT INTO "ratings" VALUES('20261115-183000-sw','after',61,40,'Rain','2026-11-15T18:33:00+00:00',1);
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
    , materials TEXT, name TEXT);
INSERT INTO "sessions" VALUES('20261112-183000-7v','2026-11-12T18:30:00+00:00','{"start":{"valence":-0.32,"arousal":0.8},"target":{"valence":0.55,"arousal":-0.55},"start_word":"tense","target_word":"calm","minutes":1.0,"strategy":"iso","instrument":null,"genre":null,"temperature":0.3,"seed":5,"composer":"auto","generation":{"guidance":3.0,"top_k":250,"temperature":1.0,"decoder":"ours","adapters":[],"opening":null},"leanings":null,"mood_table":null}','embedded',3,NULL,60.0,'finished',NULL,NULL);
INSERT INTO "sessions" VALUES('20261115-183000-sw','2026-11-15T18:30:00+00:00','{"start":{"valence":-0.71,"arousal":-0.37},"target":{"valence":0.72,"arousal":-0.15},"start_word":"sad","target_word":"glad","minutes":1.0,"strategy":"iso","instrument":null,"genre":null,"temperature":0.3,"seed":6,"composer":"auto","generation":{"guidance":3.0,"top_k":250,"temperature":1.0,"decoder":"ours","adapters":[],"opening":null},"leanings":null,"mood_table":null}','embedded',3,NULL,60.0,'finished',NULL,'Autumn');
CREATE TABLE told (
        kind TEXT NOT NULL CHECK (kind IN ('instrument', 'genre')),
        mood TEXT NOT NULL,
        tag TEXT NOT NULL,
        liked INTEGER NOT NULL CHECK (typeof(liked) = 'integer'),
        disliked INTEGER NOT NULL CHECK (typeof(disliked) = 'integer'),
        given TEXT NOT NULL,
        PRIMARY KEY (kind, mood, tag)
    );
INSERT INTO "told" VALUES('instrument','calm','harp',3,0,'2026-11-15T18:30:00+00:00');
COMMIT;
PRAGMA user_version = 8;

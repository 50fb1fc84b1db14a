BEGIN TRANSACTION;
CREATE TABLE alarms (
	id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	alarm TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	raised_at DATETIME NOT NULL, 
	cleared_at DATETIME, 
	cleared_by TEXT, 
	CONSTRAINT pk_alarms PRIMARY KEY (id), 
	CONSTRAINT uq_alarms_order_id_alarm_digest UNIQUE (order_id, alarm, digest), 
	CONSTRAINT fk_alarms_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE answers (
	id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	answer TEXT NOT NULL, 
	CONSTRAINT pk_answers PRIMARY KEY (id), 
	CONSTRAINT fk_answers_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "answers" VALUES(1,1,'tracking','2026-12-01 04:12:56.739449','{"at": "2026-12-01T04:12:56.739449Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "93"], ["date", "Tue, 01 Dec 2026 04:12:56 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"7FCL93X1\", \"status\": \"New\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": []}", "error": null}');
INSERT INTO "answers" VALUES(2,1,'tracking','2026-12-01 04:12:57.375275','{"at": "2026-12-01T04:12:57.375275Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "100"], ["date", "Tue, 01 Dec 2026 04:12:57 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"7FCL93X1\", \"status\": \"In Process\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": []}", "error": null}');
INSERT INTO "answers" VALUES(3,1,'tracking','2026-12-01 04:12:58.112946','{"at": "2026-12-01T04:12:58.112946Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "337"], ["date", "Tue, 01 Dec 2026 04:12:58 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"7FCL93X1\", \"status\": \"Shipped\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": [{\"tracking_number\": \"1Z999AA11104805404\", \"carrier\": \"UPS\", \"tracking_url\": \"https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA11104805404\", \"shipped_on\": \"2026-12-01\", \"items\": [{\"uuid\": \"Rg4sT9xQ\", \"quantity\": 1}]}]}", "error": null}');
INSERT INTO "answers" VALUES(4,9,'tracking','2026-12-01 04:12:59.271136','{"at": "2026-12-01T04:12:59.271136Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "100"], ["date", "Tue, 01 Dec 2026 04:12:59 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"VVBSJYI2\", \"status\": \"In Process\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": []}", "error": null}');
INSERT INTO "answers" VALUES(5,25,'tracking','2026-12-01 04:12:59.571824','{"at": "2026-12-01T04:12:59.571824Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "97"], ["date", "Tue, 01 Dec 2026 04:12:59 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"DUR812NS\", \"status\": \"Blocked\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": []}", "error": null}');
INSERT INTO "answers" VALUES(6,9,'tracking','2026-12-01 04:12:59.976105','{"at": "2026-12-01T04:12:59.976105Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "337"], ["date", "Tue, 01 Dec 2026 04:12:59 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"VVBSJYI2\", \"status\": \"Shipped\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": [{\"tracking_number\": \"1Z999AA11442614836\", \"carrier\": \"UPS\", \"tracking_url\": \"https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA11442614836\", \"shipped_on\": \"2026-12-01\", \"items\": [{\"uuid\": \"Mg7wKp2L\", \"quantity\": 1}]}]}", "error": null}');
INSERT INTO "answers" VALUES(7,13,'tracking','2026-12-01 04:13:00.077702','{"at": "2026-12-01T04:13:00.077702Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "100"], ["date", "Tue, 01 Dec 2026 04:13:00 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"69JK652G\", \"status\": \"In Process\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": []}", "error": null}');
INSERT INTO "answers" VALUES(8,5,'tracking','2026-12-01 04:13:00.269212','{"at": "2026-12-01T04:13:00.269212Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "100"], ["date", "Tue, 01 Dec 2026 04:13:00 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"863BYQAO\", \"status\": \"In Process\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": []}", "error": null}');
INSERT INTO "answers" VALUES(9,5,'tracking','2026-12-01 04:13:00.868462','{"at": "2026-12-01T04:13:00.868462Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "412"], ["date", "Tue, 01 Dec 2026 04:13:00 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"863BYQAO\", \"status\": \"Shipped\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": [{\"tracking_number\": \"1Z999AA18481235085\", \"carrier\": \"UPS\", \"tracking_url\": \"https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA18481235085\", \"shipped_on\": \"2026-12-01\", \"items\": [{\"uuid\": \"ChPawn01\", \"quantity\": 16}, {\"uuid\": \"ChRoyal2\", \"quantity\": 4}, {\"uuid\": \"ChBoard3\", \"quantity\": 1}]}]}", "error": null}');
INSERT INTO "answers" VALUES(10,13,'tracking','2026-12-01 04:13:01.167919','{"at": "2026-12-01T04:13:01.167919Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "340"], ["date", "Tue, 01 Dec 2026 04:13:01 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"69JK652G\", \"status\": \"In Process\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": [{\"tracking_number\": \"1Z999AA18551444538\", \"carrier\": \"UPS\", \"tracking_url\": \"https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA18551444538\", \"shipped_on\": \"2026-12-01\", \"items\": [{\"uuid\": \"Lm2Moon8\", \"quantity\": 1}]}]}", "error": null}');
INSERT INTO "answers" VALUES(11,33,'tracking','2026-12-01 04:13:01.368234','{"at": "2026-12-01T04:13:01.368234Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "100"], ["date", "Tue, 01 Dec 2026 04:13:01 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"0ZEEXD63\", \"status\": \"In Process\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": []}", "error": null}');
INSERT INTO "answers" VALUES(12,33,'tracking','2026-12-01 04:13:01.868493','{"at": "2026-12-01T04:13:01.868493Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "337"], ["date", "Tue, 01 Dec 2026 04:13:01 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"0ZEEXD63\", \"status\": \"Shipped\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": [{\"tracking_number\": \"1Z999AA17727344223\", \"carrier\": \"UPS\", \"tracking_url\": \"https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA17727344223\", \"shipped_on\": \"2026-12-01\", \"items\": [{\"uuid\": \"Mg7wKp2L\", \"quantity\": 1}]}]}", "error": null}');
INSERT INTO "answers" VALUES(13,13,'tracking','2026-12-01 04:13:02.173716','{"at": "2026-12-01T04:13:02.173716Z", "status": 200, "headers": [["content-type", "application/json; charset=utf-8"], ["content-length", "551"], ["date", "Tue, 01 Dec 2026 04:13:02 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "{\"reference\": \"69JK652G\", \"status\": \"Shipped\", \"estimated_delivery\": \"2026-12-10\", \"parcels\": [{\"tracking_number\": \"1Z999AA18551444538\", \"carrier\": \"UPS\", \"tracking_url\": \"https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA18551444538\", \"shipped_on\": \"2026-12-01\", \"items\": [{\"uuid\": \"Lm2Moon8\", \"quantity\": 1}]}, {\"tracking_number\": \"8R08511311041\", \"carrier\": \"DHL\", \"tracking_url\": \"https://www.dhl.com/en/express/tracking.html?AWB=8R08511311041\", \"shipped_on\": \"2026-12-01\", \"items\": [{\"uuid\": \"Rg4sT9xQ\", \"quantity\": 2}]}]}", "error": null}');
CREATE TABLE attempts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	order_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	attempt TEXT NOT NULL, 
	token TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	mapping_version TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	sent_at DATETIME, 
	answered_at DATETIME, 
	verdict TEXT, 
	why TEXT, 
	reference TEXT, 
	voided_at DATETIME, 
	voided_by TEXT, 
	cost TEXT, 
	request TEXT NOT NULL, 
	answer TEXT, 
	CONSTRAINT uq_attempts_attempt UNIQUE (attempt), 
	CONSTRAINT uq_attempts_order_id_number UNIQUE (order_id, number), 
	CONSTRAINT fk_attempts_order_id FOREIGN KEY(order_id) REFERENCES orders (id), 
	CONSTRAINT uq_attempts_token UNIQUE (token)
);
INSERT INTO "attempts" VALUES(1,1,1,'17d543cb45d9819a','eAVp5R5tDG6i16cfLd0hqGrAvb3UL1b7','live','acc3364c5457da7e','2026-12-01 04:12:56.638759','2026-12-01 04:12:56.676506','2026-12-01 04:12:56.687843','placed','Sculpteo gave its reference','7FCL93X1',NULL,NULL,'25.02 EUR','{"address":{"country":"FR","sha256":"d82a7bc0cefae39e"},"comments":["acme #1001","sculpteo-bridge 17d543cb45d9819a"],"items":["Rg4sT9xQ:1:0.87:mm:silver"],"login":"***","notification_url":"http://127.0.0.1:41489/sculpteo/notify/***","password":"***","ship_invoice":{"bytes":33879,"sha256":"8cf83043f0165fdb"},"theme":"acme"}','{"at": "2026-12-01T04:12:56.687843Z", "status": 200, "headers": [["content-type", "text/plain; charset=utf-8"], ["content-length", "8"], ["date", "Tue, 01 Dec 2026 04:12:56 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "7FCL93X1", "error": null}');
INSERT INTO "attempts" VALUES(2,9,1,'e087176769a813dc','oJPHYHx-U9AWxZcTRo4ivjAQuB3WmQkf','live','acc3364c5457da7e','2026-12-01 04:12:58.347669','2026-12-01 04:12:58.494005','2026-12-01 04:12:58.561050','placed','Sculpteo gave its reference','VVBSJYI2',NULL,NULL,'32.74 EUR','{"address":{"country":"DE","sha256":"018c29385cc9718c"},"comments":["acme #1003","sculpteo-bridge e087176769a813dc"],"items":["Mg7wKp2L:1:1.2:mm:black_plastic"],"login":"***","notification_url":"http://127.0.0.1:41489/sculpteo/notify/***","password":"***","ship_invoice":{"bytes":35282,"sha256":"c89d960dcef45fe6"},"theme":"acme"}','{"at": "2026-12-01T04:12:58.561050Z", "status": 200, "headers": [["content-type", "text/plain; charset=utf-8"], ["content-length", "8"], ["date", "Tue, 01 Dec 2026 04:12:58 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "VVBSJYI2", "error": null}');
INSERT INTO "attempts" VALUES(3,25,1,'7a428296cbd1ce63','xJmOeSLbg3AzVs_9uDic_f0MBmePQ4fx','live','acc3364c5457da7e','2026-12-01 04:12:58.348697','2026-12-01 04:12:58.867843','2026-12-01 04:12:58.879309','placed','Sculpteo gave its reference','DUR812NS',NULL,NULL,'31.10 EUR','{"address":{"country":"US","sha256":"b2e96ca7465f3378"},"comments":["acme #1007","sculpteo-bridge 7a428296cbd1ce63"],"items":["Lm2Moon8:1:1:mm:white_plastic"],"login":"***","notification_url":"http://127.0.0.1:41489/sculpteo/notify/***","password":"***","ship_invoice":{"bytes":33806,"sha256":"b4d251f46c4a99ab"},"theme":"acme"}','{"at": "2026-12-01T04:12:58.879309Z", "status": 200, "headers": [["content-type", "text/plain; charset=utf-8"], ["content-length", "8"], ["date", "Tue, 01 Dec 2026 04:12:58 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "DUR812NS", "error": null}');
INSERT INTO "attempts" VALUES(4,13,1,'9856de0152a03f11','c1xRLBT5PEfgw4B5rQ49jRcIxc0XPZFF','live','acc3364c5457da7e','2026-12-01 04:12:58.561538','2026-12-01 04:12:59.366757','2026-12-01 04:12:59.379431','placed','Sculpteo gave its reference','69JK652G',NULL,NULL,'127.14 EUR','{"address":{"country":"IT","sha256":"b6326b8f4a8950b6"},"comments":["acme #1004","sculpteo-bridge 9856de0152a03f11"],"items":["Lm2Moon8:1:1:mm:white_plastic","Rg4sT9xQ:2:1.1:mm:silver"],"login":"***","notification_url":"http://127.0.0.1:41489/sculpteo/notify/***","password":"***","ship_invoice":{"bytes":35962,"sha256":"628c7f517eaffca2"},"theme":"acme"}','{"at": "2026-12-01T04:12:59.379431Z", "status": 200, "headers": [["content-type", "text/plain; charset=utf-8"], ["content-length", "8"], ["date", "Tue, 01 Dec 2026 04:12:59 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "69JK652G", "error": null}');
INSERT INTO "attempts" VALUES(5,5,1,'110dd799674f3ea4','6tE6qpdaxSSShf5wgI1NTAV9d2XY2wsn','live','acc3364c5457da7e','2026-12-01 04:12:58.570928','2026-12-01 04:12:59.468264','2026-12-01 04:12:59.479363','placed','Sculpteo gave its reference','863BYQAO',NULL,NULL,'126.78 EUR','{"address":{"country":"GB","sha256":"0789e091407cb5a7"},"comments":["acme #1002","sculpteo-bridge 110dd799674f3ea4"],"items":["ChPawn01:16:1:mm:white_plastic","ChRoyal2:4:1:mm:white_plastic","ChBoard3:1:1:mm:black_plastic"],"login":"***","notification_url":"http://127.0.0.1:41489/sculpteo/notify/***","password":"***","ship_invoice":{"bytes":33767,"sha256":"5d76a200d61a8b31"},"ship_method":"express","theme":"acme"}','{"at": "2026-12-01T04:12:59.479363Z", "status": 200, "headers": [["content-type", "text/plain; charset=utf-8"], ["content-length", "8"], ["date", "Tue, 01 Dec 2026 04:12:59 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "863BYQAO", "error": null}');
INSERT INTO "attempts" VALUES(6,37,1,'51b8858672567b2b','92h1ar8kd9G3-r8cl_InoCNmA7DlBeWU','live','acc3364c5457da7e','2026-12-01 04:12:59.033552','2026-12-01 04:13:00.367654','2026-12-01 04:13:00.377382','unclear','Sculpteo answered (HTTP 502) instead of giving a reference',NULL,NULL,NULL,'25.02 EUR','{"address":{"country":"BE","sha256":"d45fa3e726199cb3"},"comments":["acme #1010","sculpteo-bridge 51b8858672567b2b"],"items":["Rg4sT9xQ:1:0.87:mm:silver"],"login":"***","notification_url":"http://127.0.0.1:41489/sculpteo/notify/***","password":"***","ship_invoice":{"bytes":33802,"sha256":"678261260e6d4760"},"theme":"acme"}','{"at": "2026-12-01T04:13:00.377382Z", "status": 502, "headers": [["content-type", "text/plain; charset=utf-8"], ["content-length", "0"], ["date", "Tue, 01 Dec 2026 04:13:00 GMT"], ["server", "Python/3.11 aiohttp/3.14.5"]], "body": "", "error": null}');
INSERT INTO "attempts" VALUES(7,33,1,'47e137db169aeb5a','aRWz0THclHZip56XWAlwbKY9u40cVSOM','live','acc3364c5457da7e','2026-12-01 04:12:59.144377','2026-12-01 04:13:00.466022','2026-12-01 04:13:00.484810','unclear','the request was sent, but the connection failed: Connection reset by peer before it answered','0ZEEXD63',NULL,NULL,'10.38 EUR','{"address":{"country":"FR","sha256":"809d72197c173ac8"},"comments":["acme #1009","sculpteo-bridge 47e137db169aeb5a"],"items":["Mg7wKp2L:1:0.8:mm:white_plastic"],"login":"***","notification_url":"http://127.0.0.1:41489/sculpteo/notify/***","password":"***","ship_invoice":{"bytes":34872,"sha256":"b288ebacee42dbe4"},"theme":"acme"}','{"at": "2026-12-01T04:13:00.484810Z", "status": null, "headers": [], "body": "", "error": "the connection failed: Connection reset by peer"}');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	action TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	order_key INTEGER, 
	address TEXT, 
	facts TEXT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
CREATE TABLE buckets (
	name TEXT NOT NULL, 
	full_at DATETIME NOT NULL, 
	CONSTRAINT pk_buckets PRIMARY KEY (name)
);
INSERT INTO "buckets" VALUES('sculpteo','2026-12-01 04:13:03.605975');
CREATE TABLE conditions (
	name TEXT NOT NULL, 
	code TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	facts TEXT NOT NULL, 
	CONSTRAINT pk_conditions PRIMARY KEY (name)
);
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	shop TEXT NOT NULL, 
	webhook_id TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	event_id TEXT, 
	api_version TEXT, 
	triggered_at DATETIME, 
	received_at DATETIME NOT NULL, 
	settled_at DATETIME, 
	outcome TEXT, 
	order_key INTEGER, 
	packed BOOLEAN NOT NULL, 
	body BLOB NOT NULL, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT uq_deliveries_shop_webhook_id UNIQUE (shop, webhook_id)
);
INSERT INTO "deliveries" VALUES(2,'acme','71b7ae40-0ca3-4909-a7fd-8d5ee38ba823','fulfillment_orders/order_routing_complete','19950c05-7d71-412b-a564-5b15d1e8ad6c','2026-10','2026-12-01 04:12:52.263690','2026-12-01 04:12:52.266220','2026-12-01 04:12:52.285665','order',1,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060A8A4A3A0545C9258525A0CD2995F909AA7545B0B0016351F05');
INSERT INTO "deliveries" VALUES(6,'acme','b01ce02a-51e2-4137-aad1-9bbc0196a8b3','fulfillment_orders/order_routing_complete','1afe454f-8657-4f0c-a65b-04c77d1b4bba','2026-10','2026-12-01 04:12:52.449943','2026-12-01 04:12:52.451845','2026-12-01 04:12:52.470870','order',5,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060A4A4A3A0545C9258525A0CD2995F909AA7545B0B00164B1F06');
INSERT INTO "deliveries" VALUES(10,'acme','7da766db-7b5a-4aa6-a6e6-97ddc6cff257','fulfillment_orders/order_routing_complete','52e08c1a-882e-49fe-ab11-ea1cbfd4ef64','2026-10','2026-12-01 04:12:52.647590','2026-12-01 04:12:52.649764','2026-12-01 04:12:52.665135','order',9,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060ACA4A3A0545C9258525A0CD2995F909AA7545B0B0016611F07');
INSERT INTO "deliveries" VALUES(16,'acme','eaeb957b-edae-42aa-ac50-ce5c419bc886','fulfillment_orders/order_routing_complete','b2800a82-fb1d-4d37-acfa-208a912404f2','2026-10','2026-12-01 04:12:52.831368','2026-12-01 04:12:52.837170','2026-12-01 04:12:52.860237','order',13,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060A2A4A3A0545C9258525A0CD2995F909AA7545B0B0016771F08');
INSERT INTO "deliveries" VALUES(19,'acme','bd34e21c-b148-4c16-ab31-567ebb6c7323','fulfillment_orders/order_routing_complete','dc023090-2a45-4697-a697-f455a87febb5','2026-10','2026-12-01 04:12:53.018846','2026-12-01 04:12:53.023216','2026-12-01 04:12:53.047002','order',17,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060AAA4A3A0545C9258525A0CD2995F909AA7545B0B00168D1F09');
INSERT INTO "deliveries" VALUES(21,'acme','07213966-8349-497d-adc9-86cdc24a36a9','orders/paid','2ad696b1-0296-4033-a2d3-30408bccb777','2026-10','2026-12-01 04:12:53.208802','2026-12-01 04:12:53.212642','2026-12-01 04:12:53.223753','order',21,1,X'785EED57DF6FDB3610FE570CF5B1AD2D298913FB69E95A0C055AB4DBBABD0C03414BB44C8C22158A74E31AF9DF77772265C9291ACF40FBB4A001AA23EF783FBEFBEEB24F64992C27F3ABB4FF99BF9824BCACA56695E5CDE64E31DE4846D7924A96CBD9ACDD9846AE77B30FB6147636D24D4059F35AE0E567599ACE5160F01ED3BE5E090B0728C66BF11B3F0A2BB81325E30E35F3349FBFCCF29769F629BD5C66F9F2EAE2799A2ED314AD35D614A26D4FBBEC9BF254BB05D785502ADAD55E29748CA40CDC6B8D06DFA25899DE83201235970ABD2F7CEB4C2D6C769DA737D3EC27944FC53DAF1B253080C268C70BC74E566836466346E3DBC13E53A6E060129E149A0C870390ECBBBADEDC9C53D79F839DD9481D5F38D9E5B5B4AD631109AF8D356E23389A507C70F0AB974AADA1F41B40C67F8341EBA0B0187B295BBE82B2A1BEE3558BB2E4013EDA8D6C1AA92BC6CBD20262282D673A761CC9E491E7A66EB8DE1DAA141ECD1E49F24125A5438DE417A15D80F65602DE0E3700EC2461852907E22FB241BD0554B74394D7CE92A9574255D2D70369544D5EBDA137029892E71717936C92A6FDBFAE3A4E3A3F7C4A195D0D4598D91554EDFFC47E87C416DE5AA10BAAE49B3F7EEB30215A80470DBFEC2BC78EDF8B96014414540D5BDE592F10FC7EE58CE38A355612A092EBAB6987964E0E6D43B0A17E494747601385593EBD1A281C0C2DA68B63396B0532F71E9ACE34AC06BEC218F609AFF10D7A3E6AC520FAF461A088AA61A4675840139D6DC7BE117DBC729C9D7150C63B20185D02CA1FE7A727164AC9D3A15F867C9D1DF9B70D60E05032062D29B09A7FED1368E26E30FC79FB094B6E3BAE4CA739E53920A22FF08971F4F7CF0EE4090B0F0F7F632CA245C4ACB96A11C9302E81B4EB11B88DB790F848CA9FC58AF60E43418629895FB04E382B571E2C625EC8789C10F0FFB5D430DD2534030E134F9DD070189C78E6D51A588EDAAE3F0DA61BBE23790559FDCC77E4073D90AC4C0566F01D2C06934ED4A122348EB3797E98C73770EBB43DEB1DD87A0BA666637DEAE558E8F7C6E889821D63B8818D845B6E2507AFA34A08268AC9C1CBC5C5D841983FA5875D854E17D787C3CB6E13A343712F5BE291C83DFF784CE5BBDBF71FD19BADD0A5C1C52FB92D603304C99D0747BAD9970DBAF6481C4A80C39D7DFDA8AB8EB0DB00E89A6BCFD553E5ABE41AA8945B0C2982CC8A3B2F816959ECED4334D05AE8C241F098514FEC9F9E81CFEE9F272C10138CD87D485E50AE465827433350AFF55436208F0EAA479B630FB4DF91163179D49AB4292443594BBD89D2F067025E2C85925B61779076272A43AB4A6CA6C84691E44E4CE60F20D53822E14F82BEE6F42CA56EC0103DBB58B1F6BAEC3E1FFE0593812857');
INSERT INTO "deliveries" VALUES(24,'acme','c97e8f3a-bd94-48a5-aee0-cb673cc6c62c','fulfillment_orders/order_routing_complete','7f4da30b-953a-4fd6-a7fb-b7ac7a72d278','2026-10','2026-12-01 04:12:53.209315','2026-12-01 04:12:53.212770','2026-12-01 04:12:53.244923','order',21,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060A6A4A3A0545C9258525A0CD2995F909AA7545B0B0016A31F0A');
INSERT INTO "deliveries" VALUES(26,'acme','52ab18cc-5a4e-4b27-ad84-4796302b4150','fulfillment_orders/order_routing_complete','c913f9f7-5eea-4e6c-ab02-f36ae55a9651','2026-10','2026-12-01 04:12:53.411054','2026-12-01 04:12:53.412842','2026-12-01 04:12:53.437039','order',25,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060AEA4A3A0545C9258525A0CD2995F909AA7545B0B0016B91F0B');
INSERT INTO "deliveries" VALUES(32,'acme','a9f381db-bde3-4791-ace0-e9f67cc6573f','fulfillment_orders/order_routing_complete','b9372079-8540-4816-aa7e-cd37369faeae','2026-10','2026-12-01 04:12:53.613915','2026-12-01 04:12:53.618649','2026-12-01 04:12:53.654340','order',29,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060A1A4A3A0545C9258525A0CD2995F909AA7545B0B0016CF1F0C');
INSERT INTO "deliveries" VALUES(36,'acme','ca9911b4-3dcb-4a56-a0ec-ba0c52c58a54','fulfillment_orders/order_routing_complete','60621488-d1b4-41c5-a7fe-e6363123a503','2026-10','2026-12-01 04:12:53.820499','2026-12-01 04:12:53.824994','2026-12-01 04:12:53.864786','order',33,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060A9A4A3A0545C9258525A0CD2995F909AA7545B0B0016E51F0D');
INSERT INTO "deliveries" VALUES(38,'acme','0a34c787-6019-4b68-ab96-6a28f012b813','fulfillment_orders/order_routing_complete','031b33fa-6778-40d3-a3a8-63d4384c7ede','2026-10','2026-12-01 04:12:54.030941','2026-12-01 04:12:54.037468','2026-12-01 04:12:54.061092','order',37,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE62606306068A0A4A3A0545C9258525A0CD2995F909AA7545B0B0016361F05');
INSERT INTO "deliveries" VALUES(42,'acme','27d8702a-9654-415e-aed1-0f25e7807a9c','fulfillment_orders/cancelled','58564eb2-99c7-4a47-a3ef-16c30a088083','2026-10','2026-12-01 04:12:54.284501','2026-12-01 04:12:54.286121','2026-12-01 04:12:54.294944','order',29,1,X'785EAB564A2BCD49CBCCC9C94DCD2B89CF2F4A492D52B252A856CA4C01524AE9992956FAFAC519F905996995FA6E0895FE2085FAE626067060A1A4A3A0545C9258525A0CD2999C98979C9A93939AA2545B0B00B76E20F5');
CREATE TABLE erasures (
	order_id INTEGER NOT NULL, 
	asked_at DATETIME, 
	erased_at DATETIME, 
	CONSTRAINT pk_erasures PRIMARY KEY (order_id), 
	CONSTRAINT fk_erasures_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
CREATE TABLE events (
	id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind TEXT NOT NULL, 
	source TEXT, 
	target TEXT, 
	reason TEXT, 
	problem TEXT, 
	who TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (id), 
	CONSTRAINT fk_events_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "events" VALUES(1,1,'2026-12-01 04:12:52.272484','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(5,5,'2026-12-01 04:12:52.461461','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/paid","origin":"webhook"}');
INSERT INTO "events" VALUES(9,9,'2026-12-01 04:12:52.658453','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/create","origin":"webhook"}');
INSERT INTO "events" VALUES(13,13,'2026-12-01 04:12:52.842552','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(17,17,'2026-12-01 04:12:53.031734','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/paid","origin":"webhook"}');
INSERT INTO "events" VALUES(21,21,'2026-12-01 04:12:53.223753','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/paid","origin":"webhook"}');
INSERT INTO "events" VALUES(25,25,'2026-12-01 04:12:53.418745','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/create","origin":"webhook"}');
INSERT INTO "events" VALUES(29,29,'2026-12-01 04:12:53.622427','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/create","origin":"webhook"}');
INSERT INTO "events" VALUES(33,33,'2026-12-01 04:12:53.830773','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/paid","origin":"webhook"}');
INSERT INTO "events" VALUES(37,37,'2026-12-01 04:12:54.045077','seen',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/create","origin":"webhook"}');
INSERT INTO "events" VALUES(41,29,'2026-12-01 04:12:54.289143','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/cancelled","origin":"webhook"}');
INSERT INTO "events" VALUES(44,1,'2026-12-01 04:12:54.341141','move','received','waiting','window',NULL,'bridge','{"until":"2026-12-01T04:12:56.336687+00:00"}');
INSERT INTO "events" VALUES(45,5,'2026-12-01 04:12:55.411944','move','received','waiting','window',NULL,'bridge','{"until":"2026-12-01T04:12:57.391715+00:00"}');
INSERT INTO "events" VALUES(46,9,'2026-12-01 04:12:55.412035','move','received','waiting','window',NULL,'bridge','{"until":"2026-12-01T04:12:57.405243+00:00"}');
INSERT INTO "events" VALUES(47,13,'2026-12-01 04:12:55.412067','move','received','waiting','window',NULL,'bridge','{"until":"2026-12-01T04:12:57.411521+00:00"}');
INSERT INTO "events" VALUES(48,17,'2026-12-01 04:12:55.412075','move','received','attention',NULL,'unmapped','bridge','{"skus":"\u201cNEW-2026\u201d"}');
INSERT INTO "events" VALUES(49,21,'2026-12-01 04:12:55.421907','move','received','attention',NULL,'address','bridge','{"why":"the street is missing"}');
INSERT INTO "events" VALUES(50,25,'2026-12-01 04:12:55.474066','move','received','waiting','window',NULL,'bridge','{"until":"2026-12-01T04:12:57.467447+00:00"}');
INSERT INTO "events" VALUES(52,17,'2026-12-01 04:12:55.506638','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(55,29,'2026-12-01 04:12:56.552017','move','received','cancelled','cancelled',NULL,'bridge','{}');
INSERT INTO "events" VALUES(56,33,'2026-12-01 04:12:56.552033','move','received','waiting','window',NULL,'bridge','{"until":"2026-12-01T04:12:58.551317+00:00"}');
INSERT INTO "events" VALUES(57,37,'2026-12-01 04:12:56.552042','move','received','waiting','window',NULL,'bridge','{"until":"2026-12-01T04:12:58.551529+00:00"}');
INSERT INTO "events" VALUES(58,1,'2026-12-01 04:12:56.638823','move','waiting','placing',NULL,NULL,'bridge','{"attempt":"17d543cb45d9819a","cost":"25.02 EUR","mode":"live","number":1}');
INSERT INTO "events" VALUES(60,1,'2026-12-01 04:12:56.676506','sent',NULL,NULL,NULL,NULL,'bridge','{"attempt":"17d543cb45d9819a"}');
INSERT INTO "events" VALUES(61,1,'2026-12-01 04:12:56.687870','answered',NULL,NULL,NULL,NULL,'bridge','{"reference":"7FCL93X1","taken_by":null,"verdict":"placed","why":"Sculpteo gave its reference"}');
INSERT INTO "events" VALUES(62,1,'2026-12-01 04:12:56.701075','move','placing','placed',NULL,NULL,'bridge','{"reference":"7FCL93X1"}');
INSERT INTO "events" VALUES(63,1,'2026-12-01 04:12:56.701075','placed',NULL,NULL,NULL,NULL,'bridge','{"reference":"7FCL93X1"}');
INSERT INTO "events" VALUES(67,1,'2026-12-01 04:12:56.751260','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(70,1,'2026-12-01 04:12:58.113319','move','placed','shipped',NULL,NULL,'bridge','{"reference":"7FCL93X1"}');
INSERT INTO "events" VALUES(72,1,'2026-12-01 04:12:58.113319','parcel',NULL,NULL,NULL,NULL,'bridge','{"carrier":"UPS","number":"1Z999AA11104805404"}');
INSERT INTO "events" VALUES(73,1,'2026-12-01 04:12:58.338916','pushed',NULL,NULL,NULL,NULL,'bridge','{"fulfillment":"gid://shopify/Fulfillment/5900000000001","numbers":["1Z999AA11104805404"]}');
INSERT INTO "events" VALUES(74,9,'2026-12-01 04:12:58.347700','move','waiting','placing',NULL,NULL,'bridge','{"attempt":"e087176769a813dc","cost":"32.74 EUR","mode":"live","number":1}');
INSERT INTO "events" VALUES(75,25,'2026-12-01 04:12:58.348723','move','waiting','placing',NULL,NULL,'bridge','{"attempt":"7a428296cbd1ce63","cost":"31.10 EUR","mode":"live","number":1}');
INSERT INTO "events" VALUES(77,1,'2026-12-01 04:12:58.463738','move','shipped','done',NULL,NULL,'bridge','{}');
INSERT INTO "events" VALUES(79,9,'2026-12-01 04:12:58.494005','sent',NULL,NULL,NULL,NULL,'bridge','{"attempt":"e087176769a813dc"}');
INSERT INTO "events" VALUES(81,9,'2026-12-01 04:12:58.561082','answered',NULL,NULL,NULL,NULL,'bridge','{"reference":"VVBSJYI2","taken_by":null,"verdict":"placed","why":"Sculpteo gave its reference"}');
INSERT INTO "events" VALUES(83,13,'2026-12-01 04:12:58.561570','move','waiting','placing',NULL,NULL,'bridge','{"attempt":"9856de0152a03f11","cost":"127.14 EUR","mode":"live","number":1}');
INSERT INTO "events" VALUES(84,5,'2026-12-01 04:12:58.570997','move','waiting','placing',NULL,NULL,'bridge','{"attempt":"110dd799674f3ea4","cost":"126.78 EUR","mode":"live","number":1}');
INSERT INTO "events" VALUES(86,9,'2026-12-01 04:12:58.587042','move','placing','placed',NULL,NULL,'bridge','{"reference":"VVBSJYI2"}');
INSERT INTO "events" VALUES(87,9,'2026-12-01 04:12:58.587042','placed',NULL,NULL,NULL,NULL,'bridge','{"reference":"VVBSJYI2"}');
INSERT INTO "events" VALUES(89,1,'2026-12-01 04:12:58.621272','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(93,1,'2026-12-01 04:12:58.695794','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(97,9,'2026-12-01 04:12:58.723217','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(99,25,'2026-12-01 04:12:58.867843','sent',NULL,NULL,NULL,NULL,'bridge','{"attempt":"7a428296cbd1ce63"}');
INSERT INTO "events" VALUES(101,25,'2026-12-01 04:12:58.884411','move','placing','placed',NULL,NULL,'bridge','{"reference":"DUR812NS"}');
INSERT INTO "events" VALUES(102,25,'2026-12-01 04:12:58.884411','placed',NULL,NULL,NULL,NULL,'bridge','{"reference":"DUR812NS"}');
INSERT INTO "events" VALUES(104,25,'2026-12-01 04:12:58.931352','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(107,37,'2026-12-01 04:12:59.033593','move','waiting','placing',NULL,NULL,'bridge','{"attempt":"51b8858672567b2b","cost":"25.02 EUR","mode":"live","number":1}');
INSERT INTO "events" VALUES(109,33,'2026-12-01 04:12:59.144418','move','waiting','placing',NULL,NULL,'bridge','{"attempt":"47e137db169aeb5a","cost":"10.38 EUR","mode":"live","number":1}');
INSERT INTO "events" VALUES(110,33,'2026-12-01 04:12:59.160649','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(112,13,'2026-12-01 04:12:59.366757','sent',NULL,NULL,NULL,NULL,'bridge','{"attempt":"9856de0152a03f11"}');
INSERT INTO "events" VALUES(114,13,'2026-12-01 04:12:59.384475','move','placing','placed',NULL,NULL,'bridge','{"reference":"69JK652G"}');
INSERT INTO "events" VALUES(115,13,'2026-12-01 04:12:59.384475','placed',NULL,NULL,NULL,NULL,'bridge','{"reference":"69JK652G"}');
INSERT INTO "events" VALUES(117,13,'2026-12-01 04:12:59.418573','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(120,5,'2026-12-01 04:12:59.468264','sent',NULL,NULL,NULL,NULL,'bridge','{"attempt":"110dd799674f3ea4"}');
INSERT INTO "events" VALUES(122,5,'2026-12-01 04:12:59.484175','move','placing','placed',NULL,NULL,'bridge','{"reference":"863BYQAO"}');
INSERT INTO "events" VALUES(123,5,'2026-12-01 04:12:59.484175','placed',NULL,NULL,NULL,NULL,'bridge','{"reference":"863BYQAO"}');
INSERT INTO "events" VALUES(124,25,'2026-12-01 04:12:59.572228','move','placed','attention',NULL,'blocked','bridge','{"reference":"DUR812NS"}');
INSERT INTO "events" VALUES(125,25,'2026-12-01 04:12:59.572228','print_status',NULL,NULL,NULL,NULL,'bridge','{"status":"blocked","words":"Blocked"}');
INSERT INTO "events" VALUES(129,5,'2026-12-01 04:12:59.627316','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(133,25,'2026-12-01 04:12:59.641319','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(134,9,'2026-12-01 04:12:59.976509','move','placed','shipped',NULL,NULL,'bridge','{"reference":"VVBSJYI2"}');
INSERT INTO "events" VALUES(136,9,'2026-12-01 04:12:59.976509','parcel',NULL,NULL,NULL,NULL,'bridge','{"carrier":"UPS","number":"1Z999AA11442614836"}');
INSERT INTO "events" VALUES(139,9,'2026-12-01 04:13:00.025009','move','shipped','done',NULL,NULL,'bridge','{}');
INSERT INTO "events" VALUES(140,9,'2026-12-01 04:13:00.025009','all_fulfilled',NULL,NULL,NULL,NULL,'bridge','{"parcels":1}');
INSERT INTO "events" VALUES(144,9,'2026-12-01 04:13:00.092306','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(148,5,'2026-12-01 04:13:00.269474','print_status',NULL,NULL,NULL,NULL,'bridge','{"status":"in_process","words":"In Process"}');
INSERT INTO "events" VALUES(149,37,'2026-12-01 04:13:00.367654','sent',NULL,NULL,NULL,NULL,'bridge','{"attempt":"51b8858672567b2b"}');
INSERT INTO "events" VALUES(151,37,'2026-12-01 04:13:00.380594','move','placing','unknown',NULL,NULL,'bridge','{"why":"Sculpteo answered (HTTP 502) instead of giving a reference"}');
INSERT INTO "events" VALUES(154,33,'2026-12-01 04:13:00.466022','sent',NULL,NULL,NULL,NULL,'bridge','{"attempt":"47e137db169aeb5a"}');
INSERT INTO "events" VALUES(155,33,'2026-12-01 04:13:00.484856','answered',NULL,NULL,NULL,NULL,'bridge','{"reference":null,"taken_by":null,"verdict":"unclear","why":"the request was sent, but the connection failed: Connection reset by peer before it answered"}');
INSERT INTO "events" VALUES(156,33,'2026-12-01 04:13:00.488019','move','placing','unknown',NULL,NULL,'bridge','{"why":"the request was sent, but the connection failed: Connection reset by peer before it answered"}');
INSERT INTO "events" VALUES(157,5,'2026-12-01 04:13:00.868877','move','placed','shipped',NULL,NULL,'bridge','{"reference":"863BYQAO"}');
INSERT INTO "events" VALUES(159,5,'2026-12-01 04:13:00.868877','parcel',NULL,NULL,NULL,NULL,'bridge','{"carrier":"UPS","number":"1Z999AA18481235085"}');
INSERT INTO "events" VALUES(162,5,'2026-12-01 04:13:00.908055','move','shipped','done',NULL,NULL,'bridge','{}');
INSERT INTO "events" VALUES(163,5,'2026-12-01 04:13:00.908055','all_fulfilled',NULL,NULL,NULL,NULL,'bridge','{"parcels":1}');
INSERT INTO "events" VALUES(167,5,'2026-12-01 04:13:00.943959','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(170,33,'2026-12-01 04:13:00.966303','move','unknown','placed',NULL,NULL,'bridge','{"reference":"0ZEEXD63"}');
INSERT INTO "events" VALUES(172,33,'2026-12-01 04:13:00.990878','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(176,13,'2026-12-01 04:13:01.168241','move','placed','shipped',NULL,NULL,'bridge','{"reference":"69JK652G"}');
INSERT INTO "events" VALUES(177,13,'2026-12-01 04:13:01.168241','parcel',NULL,NULL,NULL,NULL,'bridge','{"carrier":"UPS","number":"1Z999AA18551444538"}');
INSERT INTO "events" VALUES(178,13,'2026-12-01 04:13:01.190508','pushed',NULL,NULL,NULL,NULL,'bridge','{"fulfillment":"gid://shopify/Fulfillment/5900000000004","numbers":["1Z999AA18551444538"]}');
INSERT INTO "events" VALUES(182,13,'2026-12-01 04:13:01.255767','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(184,33,'2026-12-01 04:13:01.868870','move','placed','shipped',NULL,NULL,'bridge','{"reference":"0ZEEXD63"}');
INSERT INTO "events" VALUES(186,33,'2026-12-01 04:13:01.868870','parcel',NULL,NULL,NULL,NULL,'bridge','{"carrier":"UPS","number":"1Z999AA17727344223"}');
INSERT INTO "events" VALUES(188,33,'2026-12-01 04:13:01.911221','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(189,33,'2026-12-01 04:13:01.922385','move','shipped','done',NULL,NULL,'bridge','{}');
INSERT INTO "events" VALUES(193,33,'2026-12-01 04:13:02.015370','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
INSERT INTO "events" VALUES(197,13,'2026-12-01 04:13:02.174079','print_status',NULL,NULL,NULL,NULL,'bridge','{"status":"shipped","words":"Shipped"}');
INSERT INTO "events" VALUES(198,13,'2026-12-01 04:13:02.174079','parcel',NULL,NULL,NULL,NULL,'bridge','{"carrier":"DHL","number":"8R08511311041"}');
INSERT INTO "events" VALUES(200,13,'2026-12-01 04:13:02.215404','move','shipped','done',NULL,NULL,'bridge','{}');
INSERT INTO "events" VALUES(203,13,'2026-12-01 04:13:02.242282','news',NULL,NULL,NULL,NULL,'bridge','{"cause":"orders/updated","origin":"webhook"}');
CREATE TABLE figures (
	order_id INTEGER NOT NULL, 
	revenue TEXT NOT NULL, 
	CONSTRAINT pk_figures PRIMARY KEY (order_id), 
	CONSTRAINT fk_figures_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "figures" VALUES(1,'74.17 EUR');
INSERT INTO "figures" VALUES(5,'116.67 EUR');
INSERT INTO "figures" VALUES(9,'36.67 EUR');
INSERT INTO "figures" VALUES(13,'220.83 EUR');
INSERT INTO "figures" VALUES(21,'62.50 EUR');
INSERT INTO "figures" VALUES(25,'62.50 EUR');
INSERT INTO "figures" VALUES(33,'28.33 EUR');
INSERT INTO "figures" VALUES(37,'74.17 EUR');
CREATE TABLE line_rules (
	id INTEGER NOT NULL, 
	shop TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	order_key INTEGER, 
	designs TEXT NOT NULL, 
	sku TEXT, 
	title TEXT NOT NULL, 
	options TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	removed_at DATETIME, 
	removed_by TEXT, 
	CONSTRAINT pk_line_rules PRIMARY KEY (id)
);
CREATE TABLE memory (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_memory PRIMARY KEY ("key")
);
INSERT INTO "memory" VALUES('mapping','acc3364c5457da7e');
INSERT INTO "memory" VALUES('mode','live');
INSERT INTO "memory" VALUES('rules','56da9a8380818cb0b59677ed85f6c75be1c69bcecb59100987e1b34f82afaad0');
INSERT INTO "memory" VALUES('go_live:acme','2026-12-01T04:12:52.219886+00:00');
INSERT INTO "memory" VALUES('webhooks_to:acme','http://127.0.0.1:41489/webhooks/shopify/acme');
INSERT INTO "memory" VALUES('reconciled_at:acme','2026-12-01T04:12:52.230220+00:00');
INSERT INTO "memory" VALUES('subscribed_at:acme','2026-12-01T04:12:52.233926+00:00');
CREATE TABLE messages (
	id INTEGER NOT NULL, 
	outlet TEXT NOT NULL, 
	news_id INTEGER NOT NULL, 
	order_id INTEGER, 
	at DATETIME NOT NULL, 
	loud BOOLEAN NOT NULL, 
	body TEXT, 
	due_at DATETIME NOT NULL, 
	tries INTEGER NOT NULL, 
	settled_at DATETIME, 
	outcome TEXT, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT fk_messages_news_id FOREIGN KEY(news_id) REFERENCES news (id), 
	CONSTRAINT uq_messages_outlet_news_id UNIQUE (outlet, news_id)
);
CREATE TABLE news (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	code TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	order_id INTEGER, 
	facts TEXT NOT NULL, 
	shared_at DATETIME, 
	CONSTRAINT pk_news PRIMARY KEY (id), 
	CONSTRAINT uq_news_key UNIQUE ("key")
);
INSERT INTO "news" VALUES(1,'event:48','attention','2026-12-01 04:12:55.412075',17,'{"problem":"unmapped","skus":"\u201cNEW-2026\u201d"}','2026-12-01 04:12:56.190950');
INSERT INTO "news" VALUES(2,'event:49','attention','2026-12-01 04:12:55.421907',21,'{"problem":"address","why":"the street is missing"}','2026-12-01 04:12:56.190950');
INSERT INTO "news" VALUES(3,'event:55','cancelled','2026-12-01 04:12:56.552017',29,'{"reason":"cancelled"}','2026-12-01 04:12:57.196601');
INSERT INTO "news" VALUES(4,'event:62','placed','2026-12-01 04:12:56.701075',1,'{"reference":"7FCL93X1"}','2026-12-01 04:12:57.196601');
INSERT INTO "news" VALUES(5,'event:70','shipped','2026-12-01 04:12:58.113319',1,'{"reference":"7FCL93X1"}','2026-12-01 04:12:58.347718');
INSERT INTO "news" VALUES(6,'event:72','parcel','2026-12-01 04:12:58.113319',1,'{"carrier":"UPS","number":"1Z999AA11104805404"}','2026-12-01 04:12:58.347718');
INSERT INTO "news" VALUES(7,'event:77','done','2026-12-01 04:12:58.463738',1,'{}','2026-12-01 04:12:59.383451');
INSERT INTO "news" VALUES(8,'event:86','placed','2026-12-01 04:12:58.587042',9,'{"reference":"VVBSJYI2"}','2026-12-01 04:12:59.383451');
INSERT INTO "news" VALUES(9,'event:101','placed','2026-12-01 04:12:58.884411',25,'{"reference":"DUR812NS"}','2026-12-01 04:12:59.383451');
INSERT INTO "news" VALUES(10,'event:114','placed','2026-12-01 04:12:59.384475',13,'{"reference":"69JK652G"}','2026-12-01 04:13:00.394686');
INSERT INTO "news" VALUES(11,'event:122','placed','2026-12-01 04:12:59.484175',5,'{"reference":"863BYQAO"}','2026-12-01 04:13:00.394686');
INSERT INTO "news" VALUES(12,'event:124','attention','2026-12-01 04:12:59.572228',25,'{"problem":"blocked","reference":"DUR812NS"}','2026-12-01 04:13:00.394686');
INSERT INTO "news" VALUES(13,'event:134','shipped','2026-12-01 04:12:59.976509',9,'{"reference":"VVBSJYI2"}','2026-12-01 04:13:00.394686');
INSERT INTO "news" VALUES(14,'event:136','parcel','2026-12-01 04:12:59.976509',9,'{"carrier":"UPS","number":"1Z999AA11442614836"}','2026-12-01 04:13:00.394686');
INSERT INTO "news" VALUES(15,'event:139','done','2026-12-01 04:13:00.025009',9,'{}','2026-12-01 04:13:00.394686');
INSERT INTO "news" VALUES(16,'event:151','unknown','2026-12-01 04:13:00.380594',37,'{"why":"Sculpteo answered (HTTP 502) instead of giving a reference"}','2026-12-01 04:13:00.394686');
INSERT INTO "news" VALUES(17,'event:156','unknown','2026-12-01 04:13:00.488019',33,'{"why":"the request was sent, but the connection failed: Connection reset by peer before it answered"}','2026-12-01 04:13:01.401538');
INSERT INTO "news" VALUES(18,'event:157','shipped','2026-12-01 04:13:00.868877',5,'{"reference":"863BYQAO"}','2026-12-01 04:13:01.401538');
INSERT INTO "news" VALUES(19,'event:159','parcel','2026-12-01 04:13:00.868877',5,'{"carrier":"UPS","number":"1Z999AA18481235085"}','2026-12-01 04:13:01.401538');
INSERT INTO "news" VALUES(20,'event:162','done','2026-12-01 04:13:00.908055',5,'{}','2026-12-01 04:13:01.401538');
INSERT INTO "news" VALUES(21,'event:170','placed','2026-12-01 04:13:00.966303',33,'{"reference":"0ZEEXD63"}','2026-12-01 04:13:01.401538');
INSERT INTO "news" VALUES(22,'event:176','shipped','2026-12-01 04:13:01.168241',13,'{"reference":"69JK652G"}','2026-12-01 04:13:01.401538');
INSERT INTO "news" VALUES(23,'event:177','parcel','2026-12-01 04:13:01.168241',13,'{"carrier":"UPS","number":"1Z999AA18551444538"}','2026-12-01 04:13:01.401538');
INSERT INTO "news" VALUES(24,'event:184','shipped','2026-12-01 04:13:01.868870',33,'{"reference":"0ZEEXD63"}','2026-12-01 04:13:02.406014');
INSERT INTO "news" VALUES(25,'event:186','parcel','2026-12-01 04:13:01.868870',33,'{"carrier":"UPS","number":"1Z999AA17727344223"}','2026-12-01 04:13:02.406014');
INSERT INTO "news" VALUES(26,'event:189','done','2026-12-01 04:13:01.922385',33,'{}','2026-12-01 04:13:02.406014');
INSERT INTO "news" VALUES(27,'event:198','parcel','2026-12-01 04:13:02.174079',13,'{"carrier":"DHL","number":"8R08511311041"}','2026-12-01 04:13:02.406014');
INSERT INTO "news" VALUES(28,'event:200','done','2026-12-01 04:13:02.215404',13,'{}','2026-12-01 04:13:02.406014');
CREATE TABLE notifications (
	id INTEGER NOT NULL, 
	token TEXT NOT NULL, 
	reference TEXT, 
	received_at DATETIME NOT NULL, 
	known BOOLEAN NOT NULL, 
	settled TEXT, 
	raw BLOB NOT NULL, 
	CONSTRAINT pk_notifications PRIMARY KEY (id)
);
INSERT INTO "notifications" VALUES(1,'eAVp5R5tDG6i16cfLd0hqGrAvb3UL1b7','7FCL93X1','2026-12-01 04:12:56.692385',1,'known',X'7265666572656E63653D3746434C39335831');
INSERT INTO "notifications" VALUES(2,'eAVp5R5tDG6i16cfLd0hqGrAvb3UL1b7','7FCL93X1','2026-12-01 04:12:57.356650',1,'known',X'7265666572656E63653D3746434C39335831');
INSERT INTO "notifications" VALUES(3,'eAVp5R5tDG6i16cfLd0hqGrAvb3UL1b7','7FCL93X1','2026-12-01 04:12:58.025678',1,'known',X'7265666572656E63653D3746434C39335831');
INSERT INTO "notifications" VALUES(4,'oJPHYHx-U9AWxZcTRo4ivjAQuB3WmQkf','VVBSJYI2','2026-12-01 04:12:58.570648',1,'known',X'7265666572656E63653D565642534A594932');
INSERT INTO "notifications" VALUES(5,'xJmOeSLbg3AzVs_9uDic_f0MBmePQ4fx','DUR812NS','2026-12-01 04:12:58.884214',1,'known',X'7265666572656E63653D4455523831324E53');
INSERT INTO "notifications" VALUES(6,'oJPHYHx-U9AWxZcTRo4ivjAQuB3WmQkf','VVBSJYI2','2026-12-01 04:12:59.216594',1,'known',X'7265666572656E63653D565642534A594932');
INSERT INTO "notifications" VALUES(7,'c1xRLBT5PEfgw4B5rQ49jRcIxc0XPZFF','69JK652G','2026-12-01 04:12:59.383121',1,'known',X'7265666572656E63653D36394A4B36353247');
INSERT INTO "notifications" VALUES(8,'6tE6qpdaxSSShf5wgI1NTAV9d2XY2wsn','863BYQAO','2026-12-01 04:12:59.483069',1,'known',X'7265666572656E63653D383633425951414F');
INSERT INTO "notifications" VALUES(9,'xJmOeSLbg3AzVs_9uDic_f0MBmePQ4fx','DUR812NS','2026-12-01 04:12:59.548236',1,'known',X'7265666572656E63653D4455523831324E53');
INSERT INTO "notifications" VALUES(10,'oJPHYHx-U9AWxZcTRo4ivjAQuB3WmQkf','VVBSJYI2','2026-12-01 04:12:59.883762',1,'known',X'7265666572656E63653D565642534A594932');
INSERT INTO "notifications" VALUES(11,'c1xRLBT5PEfgw4B5rQ49jRcIxc0XPZFF','69JK652G','2026-12-01 04:13:00.048069',1,'known',X'7265666572656E63653D36394A4B36353247');
INSERT INTO "notifications" VALUES(12,'6tE6qpdaxSSShf5wgI1NTAV9d2XY2wsn','863BYQAO','2026-12-01 04:13:00.148087',1,'known',X'7265666572656E63653D383633425951414F');
INSERT INTO "notifications" VALUES(13,'aRWz0THclHZip56XWAlwbKY9u40cVSOM','0ZEEXD63','2026-12-01 04:13:00.487493',1,'adopted',X'7265666572656E63653D305A454558443633');
INSERT INTO "notifications" VALUES(14,'c1xRLBT5PEfgw4B5rQ49jRcIxc0XPZFF','69JK652G','2026-12-01 04:13:00.715185',1,'known',X'7265666572656E63653D36394A4B36353247');
INSERT INTO "notifications" VALUES(15,'6tE6qpdaxSSShf5wgI1NTAV9d2XY2wsn','863BYQAO','2026-12-01 04:13:00.816468',1,'known',X'7265666572656E63653D383633425951414F');
INSERT INTO "notifications" VALUES(16,'aRWz0THclHZip56XWAlwbKY9u40cVSOM','0ZEEXD63','2026-12-01 04:13:01.152256',1,'known',X'7265666572656E63653D305A454558443633');
INSERT INTO "notifications" VALUES(17,'aRWz0THclHZip56XWAlwbKY9u40cVSOM','0ZEEXD63','2026-12-01 04:13:01.820820',1,'known',X'7265666572656E63653D305A454558443633');
INSERT INTO "notifications" VALUES(18,'c1xRLBT5PEfgw4B5rQ49jRcIxc0XPZFF','69JK652G','2026-12-01 04:13:02.050594',1,'known',X'7265666572656E63653D36394A4B36353247');
CREATE TABLE orders (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	shop TEXT NOT NULL, 
	order_id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	news INTEGER NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	origin TEXT NOT NULL, 
	name TEXT, 
	reason TEXT, 
	problem TEXT, 
	due_at DATETIME, 
	failures INTEGER NOT NULL, 
	last_error TEXT, 
	lease_owner TEXT, 
	lease_token INTEGER NOT NULL, 
	lease_until DATETIME, 
	mapping_version TEXT, 
	matched_at DATETIME, 
	window_until DATETIME, 
	paid_now BOOLEAN NOT NULL, 
	approved_at DATETIME, 
	approved_by TEXT, 
	approved_for TEXT, 
	held_at DATETIME, 
	held_by TEXT, 
	reference TEXT, 
	mode TEXT, 
	print_status TEXT, 
	print_words TEXT, 
	polled_at DATETIME, 
	placed_at DATETIME, 
	shipped_at DATETIME, 
	estimated_delivery DATETIME, 
	annotated TEXT, 
	last_step TEXT, 
	read_news INTEGER, 
	cost TEXT, 
	shop_updated_at DATETIME, 
	facts TEXT NOT NULL, 
	items TEXT NOT NULL, 
	snapshot TEXT, 
	CONSTRAINT uq_orders_shop_order_id UNIQUE (shop, order_id)
);
INSERT INTO "orders" VALUES(1,'acme','gid://shopify/Order/6500000000001','done',20,'2026-12-01 04:12:52.272484','2026-12-01 04:12:59.868732','webhook','#1001',NULL,NULL,'2026-12-01 17:04:45.192070',0,NULL,NULL,9,NULL,'acc3364c5457da7e','2026-12-01 04:12:54.338940','2026-12-01 04:12:56.336687',1,NULL,NULL,NULL,NULL,NULL,'7FCL93X1','live','shipped','Shipped','2026-12-01 04:12:59.868469','2026-12-01 04:12:56.700962','2026-12-01 04:12:58.113023','2026-12-10 12:00:00.000000','done:7FCL93X1','track',20,'25.02 EUR','2026-12-01 04:12:58.000000','{"reference":"7FCL93X1"}','[{"design": {"uuid": "Rg4sT9xQ", "quantity": 1, "material": "silver", "scale": "0.87", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000001", "line_quantity": 1, "sku": "RING-S"}]','{"id": "gid://shopify/Order/6500000000001", "name": "#1001", "created_at": "2026-12-01T04:12:52Z", "updated_at": "2026-12-01T04:12:52Z", "read_at": "2026-12-01T04:12:56.533078Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000001", "sku": "RING-S", "title": "Signet ring", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "89.0", "currency": "EUR"}, "total": {"amount": "89.0", "currency": "EUR"}, "variant_title": "S", "variant_id": "gid://shopify/ProductVariant/49300000000001", "product_id": "gid://shopify/Product/9700000000001", "options": [["Size", "S"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "14.83", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000001", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000001", "line_item_id": "gid://shopify/LineItem/16200000000001", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1001, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Nestor", "last_name": "Brindille", "company": null, "address1": "101 quai de la Brume", "address2": null, "city": "Nantes", "province": null, "province_code": null, "postal_code": "44000", "country_code": "FR", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Nestor", "last_name": "Brindille", "company": null, "address1": "101 quai de la Brume", "address2": null, "city": "Nantes", "province": null, "province_code": null, "postal_code": "44000", "country_code": "FR", "phone": "+33 1 00 00 00 00"}, "email": "customer86755.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000001", "customer_name": "Nestor Brindille", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "89.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "14.83", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "93.9", "currency": "EUR"}, "current_total": {"amount": "93.9", "currency": "EUR"}, "presentment_total": {"amount": "93.9", "currency": "EUR"}, "presentment_current_total": {"amount": "93.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "14.83", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(5,'acme','gid://shopify/Order/6500000000002','done',20,'2026-12-01 04:12:52.461461','2026-12-01 04:13:01.568205','webhook','#1002',NULL,NULL,'2026-12-01 17:17:21.552788',0,NULL,NULL,7,NULL,'acc3364c5457da7e','2026-12-01 04:12:55.392030','2026-12-01 04:12:57.391715',1,NULL,NULL,NULL,NULL,NULL,'863BYQAO','live','shipped','Shipped','2026-12-01 04:13:01.567972','2026-12-01 04:12:59.484046','2026-12-01 04:13:00.868599','2026-12-10 12:00:00.000000','done:863BYQAO','track',20,'126.78 EUR','2026-12-01 04:13:00.000000','{"reference":"863BYQAO"}','[{"design": {"uuid": "ChPawn01", "quantity": 16, "material": "white_plastic", "scale": "1", "unit": "mm"}, "quantity": 16, "line_item_id": "gid://shopify/LineItem/16200000000002", "line_quantity": 1, "sku": "CHESS-SET"}, {"design": {"uuid": "ChRoyal2", "quantity": 4, "material": "white_plastic", "scale": "1", "unit": "mm"}, "quantity": 4, "line_item_id": "gid://shopify/LineItem/16200000000002", "line_quantity": 1, "sku": "CHESS-SET"}, {"design": {"uuid": "ChBoard3", "quantity": 1, "material": "black_plastic", "scale": "1", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000002", "line_quantity": 1, "sku": "CHESS-SET"}]','{"id": "gid://shopify/Order/6500000000002", "name": "#1002", "created_at": "2026-12-01T04:12:52Z", "updated_at": "2026-12-01T04:12:52Z", "read_at": "2026-12-01T04:12:58.038108Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000002", "sku": "CHESS-SET", "title": "Chess set", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "140.0", "currency": "EUR"}, "total": {"amount": "140.0", "currency": "EUR"}, "variant_title": null, "variant_id": "gid://shopify/ProductVariant/49300000000007", "product_id": "gid://shopify/Product/9700000000003", "options": [["Title", "Default Title"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "23.33", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000002", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000002", "line_item_id": "gid://shopify/LineItem/16200000000002", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1002, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Z\u00e9lie", "last_name": "Fernhagen", "company": null, "address1": "16 Thistle Row", "address2": null, "city": "Leeds", "province": "England", "province_code": "ENG", "postal_code": "LS1 4DY", "country_code": "GB", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Z\u00e9lie", "last_name": "Fernhagen", "company": null, "address1": "16 Thistle Row", "address2": null, "city": "Leeds", "province": "England", "province_code": "ENG", "postal_code": "LS1 4DY", "country_code": "GB", "phone": "+33 1 00 00 00 00"}, "email": "customer71413.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000002", "customer_name": "Z\u00e9lie Fernhagen", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "140.0", "currency": "EUR"}, "shipping_total": {"amount": "19.0", "currency": "EUR"}, "tax_total": {"amount": "23.33", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "159.0", "currency": "EUR"}, "current_total": {"amount": "159.0", "currency": "EUR"}, "presentment_total": {"amount": "159.0", "currency": "EUR"}, "presentment_current_total": {"amount": "159.0", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "23.33", "currency": "EUR"}}], "shipping_lines": [{"title": "Express worldwide", "code": "Express worldwide", "price": {"amount": "19.0", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(9,'acme','gid://shopify/Order/6500000000003','done',20,'2026-12-01 04:12:52.658453','2026-12-01 04:13:01.070607','webhook','#1003',NULL,NULL,'2026-12-01 13:50:42.715517',0,NULL,NULL,7,NULL,'acc3364c5457da7e','2026-12-01 04:12:55.405755','2026-12-01 04:12:57.405243',1,NULL,NULL,NULL,NULL,NULL,'VVBSJYI2','live','shipped','Shipped','2026-12-01 04:13:01.070171','2026-12-01 04:12:58.579708','2026-12-01 04:12:59.976213','2026-12-10 12:00:00.000000','done:VVBSJYI2','track',20,'32.74 EUR','2026-12-01 04:13:00.000000','{"reference":"VVBSJYI2"}','[{"design": {"uuid": "Mg7wKp2L", "quantity": 1, "material": "black_plastic", "scale": "1.2", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000003", "line_quantity": 1, "sku": "MUG-BL"}]','{"id": "gid://shopify/Order/6500000000003", "name": "#1003", "created_at": "2026-12-01T04:12:52Z", "updated_at": "2026-12-01T04:12:52Z", "read_at": "2026-12-01T04:12:58.038394Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000003", "sku": "MUG-BL", "title": "Faceted mug", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "44.0", "currency": "EUR"}, "total": {"amount": "44.0", "currency": "EUR"}, "variant_title": "Black / L", "variant_id": "gid://shopify/ProductVariant/49300000000005", "product_id": "gid://shopify/Product/9700000000002", "options": [["Material", "Black"], ["Size", "L"]], "attributes": [["Engraving", "<b>\u03a9 & Co</b>"]], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "7.33", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000003", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000003", "line_item_id": "gid://shopify/LineItem/16200000000003", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1003, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Mirabel", "last_name": "Brindille", "company": null, "address1": "Ulmenpfad 106", "address2": null, "city": "K\u00f6ln", "province": null, "province_code": null, "postal_code": "50667", "country_code": "DE", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Mirabel", "last_name": "Brindille", "company": null, "address1": "Ulmenpfad 106", "address2": null, "city": "K\u00f6ln", "province": null, "province_code": null, "postal_code": "50667", "country_code": "DE", "phone": "+33 1 00 00 00 00"}, "email": "customer35019.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000003", "customer_name": "Mirabel Brindille", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "44.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "7.33", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "48.9", "currency": "EUR"}, "current_total": {"amount": "48.9", "currency": "EUR"}, "presentment_total": {"amount": "48.9", "currency": "EUR"}, "presentment_current_total": {"amount": "48.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "7.33", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(13,'acme','gid://shopify/Order/6500000000004','done',22,'2026-12-01 04:12:52.842552','2026-12-01 04:13:02.469884','webhook','#1004',NULL,NULL,'2026-12-01 18:15:49.599636',0,NULL,NULL,12,NULL,'acc3364c5457da7e','2026-12-01 04:12:55.411802','2026-12-01 04:12:57.411521',1,NULL,NULL,NULL,NULL,NULL,'69JK652G','live','shipped','Shipped','2026-12-01 04:13:02.469616','2026-12-01 04:12:59.384351','2026-12-01 04:13:01.168006','2026-12-10 12:00:00.000000','done:69JK652G','track',22,'127.14 EUR','2026-12-01 04:13:02.000000','{"reference":"69JK652G"}','[{"design": {"uuid": "Lm2Moon8", "quantity": 1, "material": "white_plastic", "scale": "1", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000004", "line_quantity": 1, "sku": "LAMP"}, {"design": {"uuid": "Rg4sT9xQ", "quantity": 1, "material": "silver", "scale": "1.1", "unit": "mm"}, "quantity": 2, "line_item_id": "gid://shopify/LineItem/16200000000005", "line_quantity": 2, "sku": "RING-L"}]','{"id": "gid://shopify/Order/6500000000004", "name": "#1004", "created_at": "2026-12-01T04:12:52Z", "updated_at": "2026-12-01T04:12:52Z", "read_at": "2026-12-01T04:12:58.038518Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000004", "sku": "LAMP", "title": "Moon lamp", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "75.0", "currency": "EUR"}, "total": {"amount": "75.0", "currency": "EUR"}, "variant_title": null, "variant_id": "gid://shopify/ProductVariant/49300000000008", "product_id": "gid://shopify/Product/9700000000004", "options": [["Title", "Default Title"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "12.5", "currency": "EUR"}}]}, {"id": "gid://shopify/LineItem/16200000000005", "sku": "RING-L", "title": "Signet ring", "quantity": 2, "current_quantity": 2, "unit_price": {"amount": "95.0", "currency": "EUR"}, "total": {"amount": "190.0", "currency": "EUR"}, "variant_title": "L", "variant_id": "gid://shopify/ProductVariant/49300000000002", "product_id": "gid://shopify/Product/9700000000001", "options": [["Size", "L"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "31.67", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000004", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE", "SPLIT"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000004", "line_item_id": "gid://shopify/LineItem/16200000000004", "total": 1, "remaining": 1}, {"id": "gid://shopify/FulfillmentOrderLineItem/15900000000005", "line_item_id": "gid://shopify/LineItem/16200000000005", "total": 2, "remaining": 2}], "holds": [], "fulfill_at": null}], "number": 1004, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Hjalmar", "last_name": "Yvonand", "company": null, "address1": "Via dei Tigli 38", "address2": null, "city": "Torino", "province": "Torino", "province_code": "TO", "postal_code": "10121", "country_code": "IT", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Hjalmar", "last_name": "Yvonand", "company": null, "address1": "Via dei Tigli 38", "address2": null, "city": "Torino", "province": "Torino", "province_code": "TO", "postal_code": "10121", "country_code": "IT", "phone": "+33 1 00 00 00 00"}, "email": "customer73199.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000004", "customer_name": "Hjalmar Yvonand", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "265.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "44.17", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "269.9", "currency": "EUR"}, "current_total": {"amount": "269.9", "currency": "EUR"}, "presentment_total": {"amount": "269.9", "currency": "EUR"}, "presentment_current_total": {"amount": "269.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "44.17", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(17,'acme','gid://shopify/Order/6500000000005','attention',6,'2026-12-01 04:12:53.031734','2026-12-01 04:12:58.068800','webhook','#1005',NULL,'unmapped',NULL,0,NULL,NULL,3,NULL,'acc3364c5457da7e',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'attention:','match',NULL,NULL,'2026-12-01 04:12:53.000000','{"skus":"\u201cNEW-2026\u201d"}','[]','{"id": "gid://shopify/Order/6500000000005", "name": "#1005", "created_at": "2026-12-01T04:12:53Z", "updated_at": "2026-12-01T04:12:53Z", "read_at": "2026-12-01T04:12:55.376024Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000006", "sku": "RING-S", "title": "Signet ring", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "89.0", "currency": "EUR"}, "total": {"amount": "89.0", "currency": "EUR"}, "variant_title": "S", "variant_id": "gid://shopify/ProductVariant/49300000000001", "product_id": "gid://shopify/Product/9700000000001", "options": [["Size", "S"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "14.83", "currency": "EUR"}}]}, {"id": "gid://shopify/LineItem/16200000000007", "sku": "NEW-2026", "title": "Prototype", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "60.0", "currency": "EUR"}, "total": {"amount": "60.0", "currency": "EUR"}, "variant_title": null, "variant_id": "gid://shopify/ProductVariant/49300000000012", "product_id": "gid://shopify/Product/9700000000008", "options": [["Title", "Default Title"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "10.0", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000005", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE", "SPLIT"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000006", "line_item_id": "gid://shopify/LineItem/16200000000006", "total": 1, "remaining": 1}, {"id": "gid://shopify/FulfillmentOrderLineItem/15900000000007", "line_item_id": "gid://shopify/LineItem/16200000000007", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1005, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Xavi\u00e8re", "last_name": "Abelwood", "company": null, "address1": "Ulmenpfad 81", "address2": null, "city": "K\u00f6ln", "province": null, "province_code": null, "postal_code": "50667", "country_code": "DE", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Xavi\u00e8re", "last_name": "Abelwood", "company": null, "address1": "Ulmenpfad 81", "address2": null, "city": "K\u00f6ln", "province": null, "province_code": null, "postal_code": "50667", "country_code": "DE", "phone": "+33 1 00 00 00 00"}, "email": "customer16967.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000005", "customer_name": "Xavi\u00e8re Abelwood", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "149.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "24.83", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "153.9", "currency": "EUR"}, "current_total": {"amount": "153.9", "currency": "EUR"}, "presentment_total": {"amount": "153.9", "currency": "EUR"}, "presentment_current_total": {"amount": "153.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "24.83", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(21,'acme','gid://shopify/Order/6500000000006','attention',6,'2026-12-01 04:12:53.223753','2026-12-01 04:12:58.068747','webhook','#1006',NULL,'address',NULL,0,NULL,NULL,3,NULL,'acc3364c5457da7e','2026-12-01 04:12:55.421796',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'attention:','match',NULL,NULL,'2026-12-01 04:12:53.000000','{"why":"the street is missing"}','[{"design": {"uuid": "Lm2Moon8", "quantity": 1, "material": "white_plastic", "scale": "1", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000008", "line_quantity": 1, "sku": "LAMP"}]','{"id": "gid://shopify/Order/6500000000006", "name": "#1006", "created_at": "2026-12-01T04:12:53Z", "updated_at": "2026-12-01T04:12:53Z", "read_at": "2026-12-01T04:12:55.376451Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000008", "sku": "LAMP", "title": "Moon lamp", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "75.0", "currency": "EUR"}, "total": {"amount": "75.0", "currency": "EUR"}, "variant_title": null, "variant_id": "gid://shopify/ProductVariant/49300000000008", "product_id": "gid://shopify/Product/9700000000004", "options": [["Title", "Default Title"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "12.5", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000006", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000008", "line_item_id": "gid://shopify/LineItem/16200000000008", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1006, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Dorothea", "last_name": "Quillfeather", "company": null, "address1": null, "address2": null, "city": "Gent", "province": null, "province_code": null, "postal_code": "9000", "country_code": "BE", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Dorothea", "last_name": "Quillfeather", "company": null, "address1": null, "address2": null, "city": "Gent", "province": null, "province_code": null, "postal_code": "9000", "country_code": "BE", "phone": "+33 1 00 00 00 00"}, "email": "customer17208.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000006", "customer_name": "Dorothea Quillfeather", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "75.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "12.5", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "79.9", "currency": "EUR"}, "current_total": {"amount": "79.9", "currency": "EUR"}, "presentment_total": {"amount": "79.9", "currency": "EUR"}, "presentment_current_total": {"amount": "79.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "12.5", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(25,'acme','gid://shopify/Order/6500000000007','attention',16,'2026-12-01 04:12:53.418745','2026-12-01 04:13:03.510365','webhook','#1007',NULL,'blocked','2026-12-01 04:13:05.287943',0,NULL,NULL,6,NULL,'acc3364c5457da7e','2026-12-01 04:12:55.467661','2026-12-01 04:12:57.467447',1,NULL,NULL,NULL,NULL,NULL,'DUR812NS','live','blocked','Blocked','2026-12-01 04:13:03.510191','2026-12-01 04:12:58.884278',NULL,'2026-12-10 12:00:00.000000','attention:DUR812NS','track',16,'31.10 EUR','2026-12-01 04:12:59.000000','{"reference":"DUR812NS"}','[{"design": {"uuid": "Lm2Moon8", "quantity": 1, "material": "white_plastic", "scale": "1", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000009", "line_quantity": 1, "sku": "LAMP"}]','{"id": "gid://shopify/Order/6500000000007", "name": "#1007", "created_at": "2026-12-01T04:12:53Z", "updated_at": "2026-12-01T04:12:53Z", "read_at": "2026-12-01T04:12:58.038656Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000009", "sku": "LAMP", "title": "Moon lamp", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "75.0", "currency": "EUR"}, "total": {"amount": "75.0", "currency": "EUR"}, "variant_title": null, "variant_id": "gid://shopify/ProductVariant/49300000000008", "product_id": "gid://shopify/Product/9700000000004", "options": [["Title", "Default Title"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "12.5", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000007", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000009", "line_item_id": "gid://shopify/LineItem/16200000000009", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1007, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Ottilie", "last_name": "Sauvageot", "company": null, "address1": "101 Juniper Lane", "address2": null, "city": "Portland", "province": "Oregon", "province_code": "OR", "postal_code": "97205", "country_code": "US", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Ottilie", "last_name": "Sauvageot", "company": null, "address1": "101 Juniper Lane", "address2": null, "city": "Portland", "province": "Oregon", "province_code": "OR", "postal_code": "97205", "country_code": "US", "phone": "+33 1 00 00 00 00"}, "email": "customer53510.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000007", "customer_name": "Ottilie Sauvageot", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "75.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "12.5", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "79.9", "currency": "EUR"}, "current_total": {"amount": "79.9", "currency": "EUR"}, "presentment_total": {"amount": "79.9", "currency": "EUR"}, "presentment_current_total": {"amount": "79.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "12.5", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(29,'acme','gid://shopify/Order/6500000000008','cancelled',7,'2026-12-01 04:12:53.622427','2026-12-01 04:12:56.552017','webhook','#1008','cancelled',NULL,NULL,0,NULL,NULL,1,NULL,'acc3364c5457da7e',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'match',NULL,NULL,'2026-12-01 04:12:54.000000','{}','[]','{"id": "gid://shopify/Order/6500000000008", "name": "#1008", "created_at": "2026-12-01T04:12:53Z", "updated_at": "2026-12-01T04:12:54Z", "read_at": "2026-12-01T04:12:56.532522Z", "currency": "EUR", "financial_status": "REFUNDED", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000010", "sku": "RING-L", "title": "Signet ring", "quantity": 1, "current_quantity": 0, "unit_price": {"amount": "95.0", "currency": "EUR"}, "total": {"amount": "95.0", "currency": "EUR"}, "variant_title": "L", "variant_id": "gid://shopify/ProductVariant/49300000000002", "product_id": "gid://shopify/Product/9700000000001", "options": [["Size", "L"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "15.83", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000008", "status": "CANCELLED", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": [], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000010", "line_item_id": "gid://shopify/LineItem/16200000000010", "total": 1, "remaining": 0}], "holds": [], "fulfill_at": null}], "number": 1008, "test": false, "cancelled_at": "2026-12-01T04:12:54Z", "cancel_reason": "CUSTOMER", "closed_at": "2026-12-01T04:12:54Z", "address": {"first_name": "Valmont", "last_name": "Valbruy\u00e8re", "company": null, "address1": "54 Juniper Lane", "address2": null, "city": "Portland", "province": "Oregon", "province_code": "OR", "postal_code": "97205", "country_code": "US", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Valmont", "last_name": "Valbruy\u00e8re", "company": null, "address1": "54 Juniper Lane", "address2": null, "city": "Portland", "province": "Oregon", "province_code": "OR", "postal_code": "97205", "country_code": "US", "phone": "+33 1 00 00 00 00"}, "email": "customer51937.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000008", "customer_name": "Valmont Valbruy\u00e8re", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "95.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "15.83", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "99.9", "currency": "EUR"}, "total": {"amount": "99.9", "currency": "EUR"}, "current_total": {"amount": "4.9", "currency": "EUR"}, "presentment_total": {"amount": "99.9", "currency": "EUR"}, "presentment_current_total": {"amount": "4.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "15.83", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(33,'acme','gid://shopify/Order/6500000000009','done',20,'2026-12-01 04:12:53.830773','2026-12-01 04:13:02.269024','webhook','#1009',NULL,NULL,'2026-12-01 14:23:57.490601',0,NULL,NULL,10,NULL,'acc3364c5457da7e','2026-12-01 04:12:56.551494','2026-12-01 04:12:58.551317',1,NULL,NULL,NULL,NULL,NULL,'0ZEEXD63','live','shipped','Shipped','2026-12-01 04:13:02.268841','2026-12-01 04:13:00.466022','2026-12-01 04:13:01.868606','2026-12-10 12:00:00.000000','done:0ZEEXD63','track',20,'10.38 EUR','2026-12-01 04:13:01.000000','{"reference":"0ZEEXD63"}','[{"design": {"uuid": "Mg7wKp2L", "quantity": 1, "material": "white_plastic", "scale": "0.8", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000011", "line_quantity": 1, "sku": "MUG-WS"}]','{"id": "gid://shopify/Order/6500000000009", "name": "#1009", "created_at": "2026-12-01T04:12:53Z", "updated_at": "2026-12-01T04:12:53Z", "read_at": "2026-12-01T04:12:58.628406Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000011", "sku": "MUG-WS", "title": "Faceted mug", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "34.0", "currency": "EUR"}, "total": {"amount": "34.0", "currency": "EUR"}, "variant_title": "White / S", "variant_id": "gid://shopify/ProductVariant/49300000000003", "product_id": "gid://shopify/Product/9700000000002", "options": [["Material", "White"], ["Size", "S"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "5.67", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000009", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000011", "line_item_id": "gid://shopify/LineItem/16200000000011", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1009, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Xavi\u00e8re", "last_name": "Pimprenel", "company": null, "address1": "8 quai de la Brume", "address2": null, "city": "Nantes", "province": null, "province_code": null, "postal_code": "44000", "country_code": "FR", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Xavi\u00e8re", "last_name": "Pimprenel", "company": null, "address1": "8 quai de la Brume", "address2": null, "city": "Nantes", "province": null, "province_code": null, "postal_code": "44000", "country_code": "FR", "phone": "+33 1 00 00 00 00"}, "email": "customer62936.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000009", "customer_name": "Xavi\u00e8re Pimprenel", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "34.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "5.67", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "38.9", "currency": "EUR"}, "current_total": {"amount": "38.9", "currency": "EUR"}, "presentment_total": {"amount": "38.9", "currency": "EUR"}, "presentment_current_total": {"amount": "38.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "5.67", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
INSERT INTO "orders" VALUES(37,'acme','gid://shopify/Order/6500000000010','unknown',8,'2026-12-01 04:12:54.045077','2026-12-01 04:13:02.487939','webhook','#1010',NULL,NULL,NULL,0,NULL,NULL,4,NULL,'acc3364c5457da7e','2026-12-01 04:12:56.551635','2026-12-01 04:12:58.551529',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'unknown:','resolve',NULL,'25.02 EUR','2026-12-01 04:13:00.000000','{"why":"Sculpteo answered (HTTP 502) instead of giving a reference"}','[{"design": {"uuid": "Rg4sT9xQ", "quantity": 1, "material": "silver", "scale": "0.87", "unit": "mm"}, "quantity": 1, "line_item_id": "gid://shopify/LineItem/16200000000012", "line_quantity": 1, "sku": "RING-S"}]','{"id": "gid://shopify/Order/6500000000010", "name": "#1010", "created_at": "2026-12-01T04:12:54Z", "updated_at": "2026-12-01T04:12:54Z", "read_at": "2026-12-01T04:12:58.628618Z", "currency": "EUR", "financial_status": "PAID", "fully_paid": true, "lines": [{"id": "gid://shopify/LineItem/16200000000012", "sku": "RING-S", "title": "Signet ring", "quantity": 1, "current_quantity": 1, "unit_price": {"amount": "89.0", "currency": "EUR"}, "total": {"amount": "89.0", "currency": "EUR"}, "variant_title": "S", "variant_id": "gid://shopify/ProductVariant/49300000000001", "product_id": "gid://shopify/Product/9700000000001", "options": [["Size", "S"]], "attributes": [], "requires_shipping": true, "gift_card": false, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "14.83", "currency": "EUR"}}]}], "fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/7400000000010", "status": "OPEN", "request_status": "UNSUBMITTED", "location_id": "gid://shopify/Location/104000000001", "location_name": "Workshop Lyon", "delivery_method": "SHIPPING", "actions": ["CREATE_FULFILLMENT", "HOLD", "REPORT_PROGRESS", "MOVE"], "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/15900000000012", "line_item_id": "gid://shopify/LineItem/16200000000012", "total": 1, "remaining": 1}], "holds": [], "fulfill_at": null}], "number": 1010, "test": false, "cancelled_at": null, "cancel_reason": null, "closed_at": null, "address": {"first_name": "Gis\u00e8le", "last_name": "Brindille", "company": null, "address1": "Lindeblomlaan 66", "address2": null, "city": "Gent", "province": null, "province_code": null, "postal_code": "9000", "country_code": "BE", "phone": "+33 1 00 00 00 00"}, "billing_address": {"first_name": "Gis\u00e8le", "last_name": "Brindille", "company": null, "address1": "Lindeblomlaan 66", "address2": null, "city": "Gent", "province": null, "province_code": null, "postal_code": "9000", "country_code": "BE", "phone": "+33 1 00 00 00 00"}, "email": "customer34147.1@mail.example", "customer_id": "gid://shopify/Customer/8800000000010", "customer_name": "Gis\u00e8le Brindille", "customer_orders": 1, "locale": "en", "note": null, "tags": [], "attributes": [], "risk": "LOW", "presentment_currency": "EUR", "subtotal": {"amount": "89.0", "currency": "EUR"}, "shipping_total": {"amount": "4.9", "currency": "EUR"}, "tax_total": {"amount": "14.83", "currency": "EUR"}, "discount_total": {"amount": "0.0", "currency": "EUR"}, "refunded_total": {"amount": "0.0", "currency": "EUR"}, "total": {"amount": "93.9", "currency": "EUR"}, "current_total": {"amount": "93.9", "currency": "EUR"}, "presentment_total": {"amount": "93.9", "currency": "EUR"}, "presentment_current_total": {"amount": "93.9", "currency": "EUR"}, "taxes_included": true, "taxes": [{"title": "VAT", "rate": "0.2", "price": {"amount": "14.83", "currency": "EUR"}}], "shipping_lines": [{"title": "Standard", "code": "Standard", "price": {"amount": "4.9", "currency": "EUR"}}], "fulfillments": [], "ledger": {"entry": null, "digest": null, "raw": null}}');
CREATE TABLE outlets (
	name TEXT NOT NULL, 
	due_at DATETIME, 
	sent_at DATETIME, 
	failures INTEGER NOT NULL, 
	last_error TEXT, 
	lease_owner TEXT, 
	lease_until DATETIME, 
	CONSTRAINT pk_outlets PRIMARY KEY (name)
);
CREATE TABLE parcels (
	id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	number TEXT NOT NULL, 
	parcel TEXT NOT NULL, 
	found_at DATETIME NOT NULL, 
	pushed_at DATETIME, 
	fulfillment_id TEXT, 
	CONSTRAINT pk_parcels PRIMARY KEY (id), 
	CONSTRAINT uq_parcels_order_id_number UNIQUE (order_id, number), 
	CONSTRAINT fk_parcels_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "parcels" VALUES(1,1,'1Z999AA11104805404','{"number": "1Z999AA11104805404", "carrier": "UPS", "url": "https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA11104805404", "shipped_on": "2026-12-01", "contents": [["Rg4sT9xQ", 1]]}','2026-12-01 04:12:58.113319','2026-12-01 04:12:58.338916','gid://shopify/Fulfillment/5900000000001');
INSERT INTO "parcels" VALUES(2,9,'1Z999AA11442614836','{"number": "1Z999AA11442614836", "carrier": "UPS", "url": "https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA11442614836", "shipped_on": "2026-12-01", "contents": [["Mg7wKp2L", 1]]}','2026-12-01 04:12:59.976509','2026-12-01 04:13:00.001450','gid://shopify/Fulfillment/5900000000002');
INSERT INTO "parcels" VALUES(3,5,'1Z999AA18481235085','{"number": "1Z999AA18481235085", "carrier": "UPS", "url": "https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA18481235085", "shipped_on": "2026-12-01", "contents": [["ChPawn01", 16], ["ChRoyal2", 4], ["ChBoard3", 1]]}','2026-12-01 04:13:00.868877','2026-12-01 04:13:00.888005','gid://shopify/Fulfillment/5900000000003');
INSERT INTO "parcels" VALUES(4,13,'1Z999AA18551444538','{"number": "1Z999AA18551444538", "carrier": "UPS", "url": "https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA18551444538", "shipped_on": "2026-12-01", "contents": [["Lm2Moon8", 1]]}','2026-12-01 04:13:01.168241','2026-12-01 04:13:01.190508','gid://shopify/Fulfillment/5900000000004');
INSERT INTO "parcels" VALUES(5,33,'1Z999AA17727344223','{"number": "1Z999AA17727344223", "carrier": "UPS", "url": "https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA17727344223", "shipped_on": "2026-12-01", "contents": [["Mg7wKp2L", 1]]}','2026-12-01 04:13:01.868870','2026-12-01 04:13:01.897716','gid://shopify/Fulfillment/5900000000005');
INSERT INTO "parcels" VALUES(6,13,'8R08511311041','{"number": "8R08511311041", "carrier": "DHL", "url": "https://www.dhl.com/en/express/tracking.html?AWB=8R08511311041", "shipped_on": "2026-12-01", "contents": [["Rg4sT9xQ", 2]]}','2026-12-01 04:13:02.174079','2026-12-01 04:13:02.203279','gid://shopify/Fulfillment/5900000000006');
CREATE TABLE pauses (
	scope TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	why TEXT, 
	CONSTRAINT pk_pauses PRIMARY KEY (scope)
);
CREATE TABLE sessions (
	id TEXT NOT NULL, 
	who TEXT NOT NULL, 
	proof TEXT NOT NULL, 
	csrf TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	until DATETIME NOT NULL, 
	address TEXT, 
	agent TEXT, 
	CONSTRAINT pk_sessions PRIMARY KEY (id)
);
CREATE TABLE terms (
	term TEXT NOT NULL, 
	order_id INTEGER NOT NULL, 
	CONSTRAINT pk_terms PRIMARY KEY (term, order_id), 
	CONSTRAINT fk_terms_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
)
 WITHOUT ROWID

;
INSERT INTO "terms" VALUES('brindille',1);
INSERT INTO "terms" VALUES('nestor',1);
INSERT INTO "terms" VALUES('rg4st9xq',1);
INSERT INTO "terms" VALUES('ring-s',1);
INSERT INTO "terms" VALUES('chboard3',5);
INSERT INTO "terms" VALUES('chess-set',5);
INSERT INTO "terms" VALUES('chpawn01',5);
INSERT INTO "terms" VALUES('chroyal2',5);
INSERT INTO "terms" VALUES('fernhagen',5);
INSERT INTO "terms" VALUES('zelie',5);
INSERT INTO "terms" VALUES('brindille',9);
INSERT INTO "terms" VALUES('mg7wkp2l',9);
INSERT INTO "terms" VALUES('mirabel',9);
INSERT INTO "terms" VALUES('mug-bl',9);
INSERT INTO "terms" VALUES('hjalmar',13);
INSERT INTO "terms" VALUES('lamp',13);
INSERT INTO "terms" VALUES('lm2moon8',13);
INSERT INTO "terms" VALUES('rg4st9xq',13);
INSERT INTO "terms" VALUES('ring-l',13);
INSERT INTO "terms" VALUES('yvonand',13);
INSERT INTO "terms" VALUES('abelwood',17);
INSERT INTO "terms" VALUES('new-2026',17);
INSERT INTO "terms" VALUES('ring-s',17);
INSERT INTO "terms" VALUES('xaviere',17);
INSERT INTO "terms" VALUES('dorothea',21);
INSERT INTO "terms" VALUES('lamp',21);
INSERT INTO "terms" VALUES('lm2moon8',21);
INSERT INTO "terms" VALUES('quillfeather',21);
INSERT INTO "terms" VALUES('lamp',25);
INSERT INTO "terms" VALUES('lm2moon8',25);
INSERT INTO "terms" VALUES('ottilie',25);
INSERT INTO "terms" VALUES('sauvageot',25);
INSERT INTO "terms" VALUES('ring-l',29);
INSERT INTO "terms" VALUES('valbruyere',29);
INSERT INTO "terms" VALUES('valmont',29);
INSERT INTO "terms" VALUES('mg7wkp2l',33);
INSERT INTO "terms" VALUES('mug-ws',33);
INSERT INTO "terms" VALUES('pimprenel',33);
INSERT INTO "terms" VALUES('xaviere',33);
INSERT INTO "terms" VALUES('brindille',37);
INSERT INTO "terms" VALUES('gisele',37);
INSERT INTO "terms" VALUES('rg4st9xq',37);
INSERT INTO "terms" VALUES('ring-s',37);
CREATE INDEX ix_deliveries_order ON deliveries (order_key) WHERE order_key IS NOT NULL;
CREATE INDEX ix_deliveries_pending ON deliveries (id) WHERE settled_at IS NULL;
CREATE INDEX ix_notifications_stray ON notifications (id) WHERE NOT known;
CREATE INDEX ix_notifications_token ON notifications (token, id);
CREATE INDEX ix_orders_due ON orders (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_orders_name ON orders (name);
CREATE INDEX ix_orders_order_id ON orders (order_id);
CREATE INDEX ix_orders_shop_state ON orders (shop, state, id);
CREATE INDEX ix_orders_state ON orders (state, id);
CREATE UNIQUE INDEX uq_orders_reference ON orders (reference) WHERE reference IS NOT NULL;
CREATE INDEX ix_alarms_open ON alarms (id) WHERE cleared_at IS NULL;
CREATE INDEX ix_answers_order ON answers (order_id, id);
CREATE INDEX ix_attempts_created_at ON attempts (created_at);
CREATE UNIQUE INDEX uq_attempts_open ON attempts (order_id) WHERE voided_at IS NULL;
CREATE UNIQUE INDEX uq_attempts_reference ON attempts (reference) WHERE reference IS NOT NULL;
CREATE INDEX ix_events_order ON events (order_id, id);
CREATE INDEX ix_parcels_number ON parcels (number);
CREATE INDEX ix_orders_waiting ON orders (reason, id) WHERE state = 'waiting';
CREATE INDEX ix_orders_placed_at ON orders (placed_at) WHERE placed_at IS NOT NULL;
CREATE INDEX ix_terms_order ON terms (order_id, term);
CREATE INDEX ix_sessions_who ON sessions (who);
CREATE UNIQUE INDEX uq_line_rules_subject ON line_rules (shop, subject) WHERE removed_at IS NULL;
CREATE INDEX ix_line_rules_order ON line_rules (order_key) WHERE order_key IS NOT NULL;
CREATE INDEX ix_news_unshared ON news (id) WHERE shared_at IS NULL;
CREATE INDEX ix_messages_waiting ON messages (outlet, id) WHERE settled_at IS NULL;
CREATE INDEX ix_messages_order ON messages (outlet, order_id, id) WHERE settled_at IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('orders',120);
INSERT INTO "sqlite_sequence" VALUES('attempts',7);
COMMIT;

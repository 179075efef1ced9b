"""Headers and queries that no client of ours would send."""

import base64

from api.idempotency import KEY_MAX_CHARS
from tests.fuzz.calls import UNKNOWN_ID


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRONG_TYPES = [
    "",
    "text/plain",
    "text/html",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    'multipart/form-data; boundary="',
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "application",
    "/",
    ";",
    "é",
    "\x7f",
    "json",
]
WRONG_TOKENS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer x",
    "Bearer x y",
    "Bearer é",
    "Bearer " + "é" * 5000,
    "Bearer " + "x" * 100_000,
    "Bearer " + "\0" * 64,
    "Bearer " + "%00" * 64,
    "Bearer null",
    "Basic dXNlcjpwYXNz",
    "Basic é",
    "Token x",
    "é",
    "\0",
    "," * 1000,
]
WRONG_KEYS = ["", " ", "\t", "x" * (KEY_MAX_CHARS + 1), "x" * 100_000, "a\0b", "a\x7fb", "a\x85b", "\xad" * 3]
WRONG_ACCEPTS = [
    "application/json; version=2",
    "application/json; version=",
    "application/json; version=é",
    "application/json; version=1.0",
    "application/json; version=" + "9" * 5000,
    "text/html",
    "image/png",
    "application/xml, text/plain",
    ";",
    "é",
    "application",
]
WRONG_HOSTS = ["", "é", "evil.example", "localhost.evil.example", "localhost:x", "[::1", "a b", "\0", "@", "x" * 5000]
# Alone, they are no reason to refuse a call.
ODD_HEADERS = {
    "Accept": ["application/json; a*=foo'x'y", "text/html; q=nan, */*; q=9e99", "," * 3000, "*/*" * 3000],
    "Content-Type": ["application/json; charset=utf-16", 'application/json; charset="', "application/json;" * 500],
    "Cookie": [
        "=",
        ";;;",
        "=" * 5000,
        "sessionid",
        "sessionid=é",
        "sessionid=" + "x" * 10_000,
        'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000"',
        'csrftoken="\\000"; sessionid="\\377\\377\\377\\377\\377\\377\\377\\377"',
        'messages="\\000"',
        "messages=W1siX19qc29uX21lc3NhZ2UiXV0",
        "$Version=1; sessionid=x; $Path=/",
    ],
    "Accept-Language": ["é", "x" * 5000, ",;q=x"],
    "Accept-Encoding": ["é", "gzip;q=nan"],
    "If-None-Match": ["é", '"' * 1000],
    "If-Modified-Since": ["é", "Thu, 99 Foo 99999 99:99:99 GMT", "9" * 5000],
    "Origin": ["null", "é", "http://["],
    "Referer": ["é", "http://["],
    "X-Forwarded-For": ["é", "," * 1000, "\0"],
    "X-Forwarded-Host": ["evil.example", "\0"],
    "X-CSRFToken": ["é", "\0", "x" * 5000],
    "Range": ["bytes=9-1", "é"],
    "Upgrade": ["websocket"],
    "Expect": ["100-continue", "é"],
    "X-HTTP-Method-Override": ["DELETE", "é"],
    "Stripe-Signature": ["", "é", "t=1,v1=é", "t=é,v1=x", "t=" + "9" * 5000 + ",v1=x", "t=-1,v1=", "," * 1000, "\0"],
}


WRONG_QUERIES = [
    "limit=",
    "limit=abc",
    "limit=0",
    "limit=-1",
    "limit=101",
    "limit=1.0",
    "limit=1e1",
    "limit=%2B1",
    "limit=+1",
    "limit=" + "9" * 5000,
    "limit=%EF%BC%91",
    "limit=1_0",
    "limit=NaN",
    "limit=%00",
    "limit=%ff",
    "cursor=x",
    "cursor=%00",
    "cursor=%ff%fe",
    "cursor=" + "x" * 9000,
    "cursor=====",
    "cursor=%F0%9F%92%A5",
    "cursor=" + encoded("p=1"),
    "cursor=" + encoded("p=\0"),
    "cursor=" + encoded("p=%00"),
    "cursor=" + encoded("p=' OR 1=1"),
    "cursor=" + encoded("o=-1"),
    "cursor=" + encoded("o=99999999999999999999"),
    "cursor=" + encoded("o=x"),
    "cursor=" + encoded("r=2"),
    "cursor=" + encoded("p=" + "1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_11"),
    "cursor=" + encoded("p={" + UNKNOWN_ID + "}"),
    "cursor=" + encoded("p=" + UNKNOWN_ID.upper()),
    "cursor=" + encoded("p=" + UNKNOWN_ID + "&p=" + UNKNOWN_ID),
    "format=xml",
    "format=%00",
    "x=%00",
    "%00",
    "&" * 3000,
]
ODD_QUERIES = ["", "=", "?", "#", "&&", "%", "%zz", "x=%ff", "x[]=1", "limit", "version=9", "a" * 9000, "é", "\x7f"]

"""The searches for the ten nearest partners that `bench.search` compares."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from math import cos, log, radians
from typing import Any, Protocol
from uuid import UUID

import h3
import psycopg
import redis

import positions
from bench.city import Place
from core import clock
from regions.geometry import distance_m

COUNT = 10
WIDEST_M = 10_000.0
FIXED_RADIUS_M = 5_000.0
REGION = "bench"
LOAD = 500
Partners = Iterable[tuple[UUID, Place]]


class Rival(Protocol):
    name: str

    def one(self, place: Place) -> Sequence[UUID]: ...

    def many(self, places: Sequence[Place]) -> object: ...


class Ours:
    """The program's own search: adaptive radius, stale partners left out."""

    name = "ours: adaptive radius"

    def __init__(self) -> None:
        self.since: datetime = clock.now() - timedelta(hours=1)

    def load(self, partners: Partners) -> None:
        waiting = iter(partners)
        while batch := list(islice(waiting, LOAD)):
            now = clock.now()
            ids = [pk for pk, _ in batch]
            positions.enter(REGION, ids)
            reports = [positions.Report(pk, positions.Position(*place, now), now) for pk, place in batch]
            positions.record_many(REGION, reports)

    def one(self, place: Place) -> Sequence[UUID]:
        search = positions.Search(*place, WIDEST_M, COUNT)
        [found] = positions.nearest_to_many(REGION, [search], received_since=self.since)
        return [candidate.partner_id for candidate in found]

    def many(self, places: Sequence[Place]) -> object:
        searches = [positions.Search(*place, WIDEST_M, COUNT) for place in places]
        return positions.nearest_to_many(REGION, searches, received_since=self.since)


class FixedRadius:
    """GEOSEARCH within 5 km, on the same geo set."""

    name = "GEOSEARCH, 5 km"

    def __init__(self, client: redis.Redis) -> None:
        # With a million partners, an answer takes longer than our own client's time-out.
        self.client = redis.Redis(unix_socket_path=client.connection_pool.connection_kwargs["path"], socket_timeout=120)

    def _ask(self, client: Any, place: Place) -> Any:
        return client.geosearch(
            f"{{{REGION}}}:geo",
            latitude=place[0],
            longitude=place[1],
            radius=FIXED_RADIUS_M,
            unit="m",
            sort="ASC",
            count=COUNT,
            withdist=True,
        )

    def one(self, place: Place) -> Sequence[UUID]:
        return [UUID(name.decode()) for name, _ in self._ask(self.client, place)]

    def many(self, places: Sequence[Place]) -> object:
        pipe = self.client.pipeline(transaction=False)
        for place in places:
            self._ask(pipe, place)
        return pipe.execute()


class PostgisNearest:
    """The GiST index walked outwards (KNN), with each distance in metres."""

    name = "PostGIS KNN"
    QUERY = (
        "SELECT id, ST_DistanceSphere(geom, ST_SetSRID(ST_MakePoint(%(lng)s, %(lat)s), 4326)) FROM knn "
        "ORDER BY geom <-> ST_SetSRID(ST_MakePoint(%(lng)s, %(lat)s), 4326) LIMIT 10"
    )

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")

    def load(self, partners: Partners) -> None:
        self.connection.execute("DROP TABLE IF EXISTS knn")
        self.connection.execute("CREATE TABLE knn (id uuid, geom geometry(Point, 4326))")
        with self.connection.cursor().copy("COPY knn FROM STDIN") as copy:
            for pk, (lat, lng) in partners:
                copy.write_row((str(pk), f"SRID=4326;POINT({lng} {lat})"))
        self.connection.execute("CREATE INDEX ON knn USING gist (geom)")
        self.connection.execute("VACUUM ANALYZE knn")

    def one(self, place: Place) -> Sequence[UUID]:
        rows = self.connection.execute(self.QUERY, {"lat": place[0], "lng": place[1]}, prepare=True).fetchall()
        return [row[0] for row in rows]

    def many(self, places: Sequence[Place]) -> object:
        with self.connection.pipeline():
            cursors = [self.connection.execute(self.QUERY, {"lat": a, "lng": b}, prepare=True) for a, b in places]
        return [cursor.fetchall() for cursor in cursors]


class H3Rings:
    """Rows by H3 cell in a B-tree; reads rings of cells until the ten found are certainly the nearest."""

    name = "PostgreSQL + H3 rings"
    QUERY = (
        "SELECT id, lat, lng FROM cells WHERE cell = ANY(%(cells)s) "
        "ORDER BY (lat - %(lat)s) ^ 2 + ((lng - %(lng)s) * %(shrink)s) ^ 2 LIMIT 10"
    )
    PER_CELL = 8  # average partners per cell; decides the size of the cells
    CITY_KM2 = 1600.0

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.resolution = 8

    def load(self, partners: Partners, count: int) -> None:
        wanted_km2 = self.CITY_KM2 * self.PER_CELL / count
        self.resolution = min(
            range(5, 13), key=lambda r: abs(log(h3.average_hexagon_area(r, unit="km^2") / wanted_km2))
        )
        self.connection.execute("DROP TABLE IF EXISTS cells")
        self.connection.execute("CREATE TABLE cells (id uuid, lat float8, lng float8, cell bigint)")
        with self.connection.cursor().copy("COPY cells FROM STDIN") as copy:
            for pk, (lat, lng) in partners:
                copy.write_row((str(pk), lat, lng, h3.str_to_int(h3.latlng_to_cell(lat, lng, self.resolution))))
        self.connection.execute("CREATE INDEX ON cells (cell)")
        self.connection.execute("VACUUM ANALYZE cells")

    def one(self, place: Place) -> Sequence[UUID]:
        lat, lng = place
        origin = h3.latlng_to_cell(lat, lng, self.resolution)
        edge_m = h3.average_hexagon_edge_length(self.resolution, unit="m")
        ring = 1
        while True:
            cells = [h3.str_to_int(cell) for cell in h3.grid_disk(origin, ring)]
            values = {"cells": cells, "lat": lat, "lng": lng, "shrink": cos(radians(lat))}
            rows = self.connection.execute(self.QUERY, values, prepare=True).fetchall()
            # All partners within 1.5 edges per ring are seen, from any place in the cell (cells vary by a tenth).
            certain_m = 1.35 * ring * edge_m
            if certain_m >= WIDEST_M or (
                len(rows) == COUNT and distance_m(lat, lng, rows[-1][1], rows[-1][2]) <= certain_m
            ):
                return [row[0] for row in rows]
            ring = ring + 1 if len(rows) == COUNT else 2 * ring

    def many(self, places: Sequence[Place]) -> object:
        return [self.one(place) for place in places]

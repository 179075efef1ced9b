"""The search in the names that ship with the program."""

import pytest

from regions.geometry import distance_m
from regions.search.gazetteer import Gazetteer, gazetteer
from regions.search.offline import search
from regions.search.streets import Point, Street
from regions.search.words import fits, words_of

NEAR_M = 80.0  # a short block: the streets are drawn by hand


@pytest.fixture(scope="module")
def nyc() -> Gazetteer:
    return gazetteer("nyc")


@pytest.mark.parametrize(
    ("text", "name", "at"),
    [
        ("350 5th Ave", "350 5th Avenue", (40.7481, -73.9848)),  # the Empire State Building's door
        ("350 Fifth Avenue, New York, NY 10118", "350 5th Avenue", (40.7481, -73.9848)),
        ("253 w 125th st", "253 West 125th Street", (40.8100, -73.9501)),  # the Apollo Theater
        ("222 W 23", "222 West 23rd Street", (40.7444, -73.9960)),  # the Chelsea Hotel
        ("Broadway 1460", "1460 Broadway", (40.7550, -73.9867)),
        ("5th & 42nd", "5th Avenue & East 42nd Street", (40.7535, -73.9808)),
        ("W 42nd St and Eighth Avenue", "West 42nd Street & 8th Avenue", (40.7574, -73.9895)),
        ("W 42 St 8 Ave", "West 42nd Street & 8th Avenue", (40.7574, -73.9895)),
        ("Broadway y West 72", "Broadway & West 72nd Street", (40.7786, -73.9818)),
        ("lenox @ 125", "Lenox Avenue & West 125th Street", (40.8079, -73.9452)),
        ("avenue of the americas", "6th Avenue", (40.7523, -73.9853)),
        ("grand c", "Grand Central", (40.7527, -73.9772)),
        ("times sq", "Times Square", (40.7580, -73.9855)),
        ("EAST VILLA", "East Village", (40.7278, -73.9856)),
        ("canal st", "Canal Street", (40.7188, -74.0008)),
    ],
)
def test_what_people_type_is_found_first_and_where_it_is(text: str, name: str, at: Point, nyc: Gazetteer) -> None:
    first = next(search(text, nyc))
    assert first.name == name
    assert distance_m(*first.at, *at) < NEAR_M


def test_an_unknown_house_leads_to_its_street(nyc: Gazetteer) -> None:
    assert [found.name for found in search("99999 madison ave", nyc)] == ["Madison Avenue"]


@pytest.mark.parametrize("text", ["zzzqq", '"', ",", "&", "5th & 5th", "1st & zzz", "🗿", "0"])
def test_what_says_nothing_finds_nothing(text: str, nyc: Gazetteer) -> None:
    assert list(search(text, nyc)) == []


def test_a_kind_of_street_alone_names_no_street(nyc: Gazetteer) -> None:
    assert {found.kind for text in ("st", "east", "ave") for found in search(text, nyc)} <= {"place", "zone"}
    assert "East Village" in [found.name for found in search("east", nyc)]


def test_a_number_is_whole() -> None:
    assert fits(words_of("West 42"), words_of("West 42nd Street"))
    assert not fits(words_of("West 4"), words_of("West 42nd Street"))


def test_east_and_west_of_an_avenue_are_one_corner(nyc: Gazetteer) -> None:
    corners = [found for found in search("5th avenue & 42nd street", nyc) if found.kind == "crossing"]
    assert len(corners) == 1


def test_streets_that_do_not_meet_have_no_crossing() -> None:
    one = Street("One", (), ((0.0, 0.0), (0.0, 1.0)), ())
    assert one.crossing(Street("Beside", (), ((1.0, 0.0), (1.0, 1.0)), ())) is None
    assert one.crossing(Street("Behind", (), ((-1.0, 2.0), (1.0, 2.0)), ())) is None
    assert one.crossing(Street("Across", (), ((-1.0, 0.25), (1.0, 0.25)), ())) == (0.0, 0.25)


def test_a_house_stands_between_the_numbers_that_are_known() -> None:
    street = Street("One", (), ((0.0, 0.0), (0.0, 1.0), (0.0, 2.0)), ((1, 0.0), (101, 1.0), (301, 2.0)))
    assert street.house(51) == (0.0, 0.5)
    assert street.house(201) == (0.0, 1.5)
    assert street.house(302) is None


def test_the_names_are_all_in_the_city(nyc: Gazetteer) -> None:
    assert len(nyc.streets) > 300
    assert len(nyc.named) > 70
    for street in nyc.streets:
        assert all(40.69 < lat < 40.88 and -74.03 < lng < -73.90 for lat, lng in street.line), street.name
        numbers = [number for number, _ in street.numbers]
        assert numbers == sorted(numbers), street.name


def test_a_region_with_a_boundary_alone_has_no_names() -> None:
    assert gazetteer("elsewhere") == Gazetteer()

"""A WordPress harvested again and again; a real one is in test_wordpress_site.py."""

from __future__ import annotations

from blogs import JSON, Blog, add, bodies, counts, kept, run, site
from sites import Asked, Reply, Site

from archive import Store

__all__ = ["site"]  # the fixture that these tests share


def test_posts_are_read_once_and_then_only_what_changed(store: Store, site: Site) -> None:
    blog = Blog(site, 120)
    add(store, site)
    assert counts(run(store, site)) == {"listed": 120, "fetched": 120, "new": 120}
    assert [len(one.split(",")) for one in bodies(site)] == [50, 50, 20]
    assert counts(run(store, site)) == {"listed": 120, "unchanged": 120}
    assert bodies(site) == []
    blog.write(7, "Isi baru", at=1)
    del blog.posts[8]
    blog.write(121)
    assert counts(run(store, site)) == {"listed": 120, "fetched": 2, "new": 1, "changed": 1, "unchanged": 118, "gone": 1}
    found = kept(store)
    assert (found["/7/"], found["/8/"]) == (("Isi baru nomor 7.", 2, False), ("Isi nomor 8.", 1, True))
    assert len(found) == 121
    blog.write(8)
    assert counts(run(store, site)) == {"listed": 121, "unchanged": 121, "back": 1}


def test_posts_that_move_to_another_page_meanwhile_are_not_taken_for_gone(store: Store, site: Site) -> None:
    blog = Blog(site, 150)
    add(store, site)
    run(store, site)

    def withdraw(asked: Asked) -> None:
        if asked.query.get("page") == "2":
            blog.posts.pop(3, None)  # so that number 101 is on the first page, which has been read

    blog.before = withdraw
    assert counts(run(store, site)) == {"listed": 150, "unchanged": 150}
    found = kept(store)
    assert [path for path, (_, _, is_gone) in found.items() if is_gone] == []
    blog.before = lambda _asked: None
    assert run(store, site).gone == 1
    assert [path for path, (_, _, is_gone) in kept(store).items() if is_gone] == ["/3/"]


def test_a_post_that_spoils_the_answer_for_all_is_found_by_halving(store: Store, site: Site) -> None:
    blog = Blog(site, 20)
    add(store, site)

    def fail(asked: Asked) -> Reply | None:
        asked_for = asked.query.get("include", "").split(",")
        return Reply(body="<b>Fatal error</b>", headers=JSON) if "13" in asked_for and "_embed" in asked.query else None

    blog.before = fail
    report = run(store, site)
    assert counts(report) == {"listed": 20, "fetched": 19, "new": 19, "failed": 1}
    assert [problem.source for problem in report.failures] == [f"{site.url}/13/"]
    blog.before = lambda _asked: None
    assert counts(run(store, site)) == {"listed": 20, "fetched": 1, "new": 1, "unchanged": 19}
    assert bodies(site) == ["13"]


def test_a_site_that_gives_ten_posts_at_a_time_is_read_whole(store: Store, site: Site) -> None:
    blog = Blog(site, 25)
    blog.before = lambda asked: Reply(400, "{}", JSON) if int(asked.query.get("per_page", 1)) > 10 else None
    add(store, site)
    assert counts(run(store, site)) == {"listed": 25, "fetched": 25, "new": 25}


def test_an_empty_list_is_taken_for_a_fault(store: Store, site: Site) -> None:
    blog = Blog(site, 5)
    add(store, site)
    run(store, site)
    blog.posts.clear()
    report = run(store, site)
    assert (counts(report), report.notes) == (
        {},
        ["lists no post any more, which looks like a fault of the site; nothing is taken for gone"],
    )


def test_no_more_posts_than_wanted_are_read(store: Store, site: Site) -> None:
    Blog(site, 250)
    add(store, site)
    report = run(store, site, max_items=150)
    assert report.new == 100
    assert report.notes == ["lists more than 150 posts; only so many are read: give a higher --max-items"]


def test_a_post_whose_address_changed_is_the_same_release(store: Store, site: Site) -> None:
    blog = Blog(site, 2)
    add(store, site)
    run(store, site)
    blog.posts[1]["link"] = f"{site.url}/pindah/"
    assert counts(run(store, site)) == {"listed": 2, "fetched": 1, "changed": 1, "unchanged": 1}
    assert kept(store) == {"/pindah/": ("Isi nomor 1.", 2, False), "/2/": ("Isi nomor 2.", 1, False)}
    assert counts(run(store, site)) == {"listed": 2, "unchanged": 2}


def test_a_release_that_the_keeper_removed_stays_out(store: Store, site: Site) -> None:
    blog = Blog(site, 2)
    add(store, site)
    run(store, site)
    (id,) = [row[0] for row in store.database.fetch("SELECT id FROM release WHERE url LIKE '%/1/'")]
    store.remove(id)
    blog.write(1, "Isi baru", at=1)
    report = run(store, site)
    assert (report.new, report.changed, report.removed_earlier) == (0, 0, 1)
    assert store.release(id).removed


def test_the_keeper_says_who_publishes(store: Store, site: Site) -> None:
    Blog(site, 1)
    add(store, site, agency="Diskominfo Kota Madiun")
    run(store, site)
    (row,) = store.database.fetch("SELECT agency FROM version")
    assert row[0] == "Diskominfo Kota Madiun"

"""Shards are stable: what is added moves nothing."""

import pytest

from rna_predict.errors import InputError
from rna_predict.structure.shards import deal_shards, read_entry_list, shard_of


def test_an_added_entry_changes_one_shard():
    before = deal_shards([f"{i:04d}" for i in range(500)], 20)
    after = deal_shards([*(f"{i:04d}" for i in range(500)), "9zzz"], 20)
    assert [name for name in after if after[name] != before[name]] == [
        f"{shard_of('9zzz', 20):03d}"
    ]


def test_shards_are_of_like_size_and_lose_nothing():
    entries = [f"{i:04d}" for i in range(2000)]
    dealt = deal_shards(entries, 10)
    assert sorted(sum(dealt.values(), [])) == entries
    assert min(map(len, dealt.values())) > 140


def test_an_entry_listed_twice_is_an_error():
    with pytest.raises(InputError, match="1ehz: listed twice"):
        deal_shards(["1EHZ", "1ehz"], 2)


def test_entry_lists_may_hold_comments(tmp_path):
    path = tmp_path / "entries.txt"
    path.write_text("# tRNA\n1ehz\n\n1evv  # another\n")
    assert read_entry_list(path) == ["1ehz", "1evv"]
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match="names no entry"):
        read_entry_list(path)

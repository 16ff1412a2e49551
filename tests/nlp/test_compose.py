"""Mentions of one finding → its fields."""

import pytest
from reportsup.nlp.compose import compose
from reportsup.nlp.decide.clusters import Cluster
from reportsup.nlp.decide.size_list import runs
from reportsup.nlp.propose import propose
from reportsup.nlp.spans import Located

CURRENT = (1.0, 0.0, 0.0)


@pytest.fixture
def cluster(recognise):
    """All mentions of a text as one finding; its lists of sizes are one group's."""

    def build(text: str) -> Cluster:
        sentences = recognise(text)
        roles = [[CURRENT] * len(s.sizes) for s in sentences]
        lists = [(found := runs(s, p), found) for s, p in zip(sentences, roles, strict=True)]
        return Cluster([Located(m, "kidney", 1.0, None, 1.0, ()) for m in propose(sentences, roles, lists)])

    return build


@pytest.mark.parametrize(
    ("text", "p_group", "count", "least", "sizes_mm"),
    [
        ("Renal cyst of 30 mm.", 0.0, 1, 1, [(30.0,)]),
        ("Two renal cysts, the largest 30 mm.", 1.0, 2, 2, [(30.0,)]),
        ("Two renal cysts of 3 mm.", 1.0, 2, 2, [(3.0,), (3.0,)]),  # one size told of each
        ("Renal cysts up to 30 mm.", 1.0, None, 2, [(30.0,)]),
        ("Renal cysts of 12, 9 and 30 mm.", 1.0, 3, 3, [(30.0,), (12.0,), (9.0,)]),
        ("More than five renal cysts, up to 30 mm.", 1.0, None, 6, [(30.0,)]),
        ("Renal cysts, number 3, the largest 30 mm.", 1.0, 3, 3, [(30.0,)]),
        ("Renal mass of 41 mm, 38 mm and 36 mm.", 0.0, 1, 1, [(41.0,)]),
    ],
)
def test_count_and_sizes(cluster, text, p_group, count, least, sizes_mm):
    draft = compose(cluster(text), p_group)
    assert (draft.count, draft.count_min, [size for size, _, _ in draft.sizes]) == (count, least, sizes_mm)
    assert draft.group == (p_group >= 0.5)


def test_an_upper_bound_is_a_group_s_where_the_largest_is_told(cluster):
    assert compose(cluster("Renal cysts up to 30 mm."), 1.0).bound == "upper"
    assert compose(cluster("Renal cyst up to 30 mm."), 0.0).bound == "exact"

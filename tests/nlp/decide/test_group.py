"""What speaks for one lesion or several of a kind."""

import pytest
from reportsup.nlp.decide.clusters import Cluster
from reportsup.nlp.decide.group import features
from reportsup.nlp.propose import propose
from reportsup.nlp.spans import Located

CURRENT = (1.0, 0.0, 0.0)


@pytest.fixture
def located(recognise):
    def build(text: str) -> list[Located]:
        sentences = recognise(text)
        mentions = propose(sentences, [[CURRENT] * len(s.sizes) for s in sentences], [((), ())] * len(sentences))
        return [Located(m, "liver", 1.0, None, 1.0, ()) for m in mentions]

    return build


def told_apart(features: list[str]) -> str:
    return next((name.partition("told_apart=")[2] for name in features if "told_apart=" in name), "")


def test_members_told_one_by_one_are_not_the_group(located):
    two, first, second = located("Two liver lesions. The first measures 14 mm. The second measures 9 mm.")[:3]
    clusters = [Cluster([two, first]), Cluster([second])]
    assert told_apart(features(clusters[0], clusters[1:])) == "all"
    assert told_apart(features(clusters[0], [])) == "none"


def test_a_single_lesion_counts_nothing(located):
    (lesion,) = located("A 14 mm liver lesion.")
    assert told_apart(features(Cluster([lesion]), [])) == ""


@pytest.mark.parametrize(("text", "each"), [("Liver cysts up to 14 mm.", True), ("Liver cysts of 14 mm.", False)])
def test_words_for_each_member(located, text, each):
    cluster = Cluster(located(text)[:1])
    assert any(name.startswith("each|") for name in features(cluster, [])) == each

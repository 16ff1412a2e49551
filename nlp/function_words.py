"""Words of English grammar: what begins, ends and counts a noun phrase."""

STOP = frozenset([
    "in", "of", "at", "on", "with", "was", "is", "are", "were", "and", "or", "from", "to", "which", "that", "within",
    "seen", "noted", "there", "for", "by", "shows", "show", "showing", "demonstrates", "demonstrate", "demonstrating",
    "containing", "contains", "contain", "has", "have", "had", "measuring", "measures", "measured", "observed",
    "detected", "identified", "visible", "present", "reveals", "revealed", "revealing", "into", "over", "across",
    "than", "as", "between", "about", "through", "involving", "suggesting", "suggestive", "consistent", "compatible",
    "without", "no", "not", "but", "be", "been", "being", "may", "might", "could", "can", "cannot", "also", "still",
    "via", "per", "because", "due", "including", "plus", "exhibits", "exhibit", "harbors", "harbours", "like",
    "where", "when", "while", "after", "before", "although", "however", "additionally", "furthermore", "incidentally",
    "similarly", "again", "here", "upon", "along", "toward", "towards", "near", "under", "above", "below",
])  # fmt: skip
"""Words that no noun phrase runs across."""
DETERMINERS = frozenset([
    "a", "an", "the", "this", "these", "those", "that", "such", "said", "another", "one", "its", "their", "each",
])  # fmt: skip
"""Words that begin a noun phrase."""
MANY = frozenset([
    "multiple", "several", "few", "many", "numerous", "innumerable", "various", "some", "countless", "plural",
    "diffuse", "scattered", "multifocal", "disseminated", "sporadic", "occasional", "uncountable",
])  # fmt: skip
"""Words for more than one, the number unknown."""
NUMBERS = {
    w: i
    for i, w in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
} | {"single": 1, "solitary": 1, "isolated": 1, "couple": 2, "pair": 2, "both": 2}
"""Number words and their values."""

"""The entry list from a search at RCSB: all entries with RNA.

Request, attributes and answers are those of the Search API's documentation (search.rcsb.org) and
of its list of structure attributes. Polymers of mixed sugars count too (``NA-hybrid`` at RCSB:
ribozymes with one deoxyribose that keeps them from cutting are among them); the filters of the
next step decide what is RNA.
"""

import json
from typing import Any, Final

from rna_predict.errors import EntryError, InputError
from rna_predict.structure.transfer import ID, Server, read_source

COUNTS: Final = (
    "rcsb_entry_info.polymer_entity_count_RNA",
    "rcsb_entry_info.polymer_entity_count_nucleic_acid_hybrid",
)
RESOLUTION: Final = "rcsb_entry_info.resolution_combined"
RELEASE: Final = "rcsb_accession_info.initial_release_date"


def build_query(
    max_resolution: float = 0.0, released_from: str = "", released_before: str = ""
) -> dict[str, Any]:
    """Write the request for entries with RNA.

    Parameters
    ----------
    max_resolution : float
        Angstrom; entries without a resolution (NMR) pass; 0 is no bound.
    released_from, released_before : str
        First day of release, and the day after the last (``YYYY-MM-DD``); "" is no bound.

    Returns
    -------
    dict
        JSON of the Search API, version 2.
    """
    nodes = [_any_of(*(_terminal(name, "greater_or_equal", 1) for name in COUNTS))]
    if max_resolution:
        bounded = _terminal(RESOLUTION, "less_or_equal", max_resolution)
        nodes.append(_any_of(bounded, _terminal(RESOLUTION, "exists", negation=True)))
    if released_from:
        nodes.append(_terminal(RELEASE, "greater_or_equal", released_from))
    if released_before:
        nodes.append(_terminal(RELEASE, "less", released_before))
    return {
        "query": {"type": "group", "logical_operator": "and", "nodes": nodes},
        "request_options": {
            "results_content_type": ["experimental"],
            "results_verbosity": "compact",
            "return_all_hits": True,
        },
        "return_type": "entry",
    }


def list_entries(
    address: str,
    query: dict[str, Any],
    *,
    tries: int = 4,
    pause: float = 1.0,
    timeout: float = 60.0,
) -> list[str]:
    """Ask a search service for entries.

    Parameters
    ----------
    address : str
        Of the service.
    query : dict
        As :func:`build_query` writes it.
    tries : int
        For failures that may pass: no connection, server errors.
    pause : float
        Seconds before the second try; doubles with each.
    timeout : float
        Seconds that the service may be silent.

    Returns
    -------
    list of str
        Ids in lower case, sorted.

    Raises
    ------
    InputError
        Naming the address: it cannot be reached, refuses the query, answers something else than
        a list of ids, or not all of them, or finds nothing.
    """
    body = json.dumps(query).encode()
    try:
        answer = Server(tries, pause).attempt(lambda: b"".join(read_source(address, timeout, body)))
    except EntryError as error:
        raise InputError(address, f"no list of entries: {error.reason}: {error.what}") from error
    if not answer:  # HTTP 204
        raise InputError(address, "the query finds no entry; see config entries.query")
    try:
        values = json.loads(answer)
        total, found = values["total_count"], values["result_set"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            address, f"expected JSON with total_count and result_set, got {answer[:100]!r}"
        ) from error
    if not isinstance(found, list) or len(found) != total:
        count = len(found) if isinstance(found, list) else "no list"
        raise InputError(address, f"expected all {total} entries in result_set, got {count}")
    for item in found:
        if not isinstance(item, str) or not ID.fullmatch(item):
            raise InputError(address, f"expected ids in result_set, got {item!r}")
    return sorted({item.lower() for item in found})


def _terminal(attribute: str, operator: str, value: Any = None, *, negation: bool = False) -> dict:
    """Write one condition."""
    parameters = {"attribute": attribute, "operator": operator}
    parameters |= {"value": value} if value is not None else {}
    parameters |= {"negation": True} if negation else {}
    return {"type": "terminal", "service": "text", "parameters": parameters}


def _any_of(*nodes: dict) -> dict:
    """Join conditions of which one is enough."""
    return {"type": "group", "logical_operator": "or", "nodes": list(nodes)}

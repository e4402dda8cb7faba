"""What a question in SQL may be made of: read from DuckDB's own syntax tree, so that no trick of writing gets past.

DuckDB calls `WITH a AS (INSERT … RETURNING *) SELECT …` a SELECT, and `query('…')` runs a text that nobody has looked at. So every node
of the tree is looked at: the kinds of nodes and of table functions are a closed list (what is new in a later DuckDB is refused until
someone has thought about it), tables are `data`, `sample` and what the question itself names by WITH. Scalar functions are many and
harmless but for those that look at the machine, keep a state or only wait.

Standard library only: this is imported in the process apart (`apart.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

TABLES = frozenset(("data", "sample"))
NODES = frozenset(
    "SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE "
    "BASE_TABLE TABLE_FUNCTION SUBQUERY JOIN EXPRESSION_LIST EMPTY PIVOT SHOW_REF "
    "ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING".split()
)
TABLE_FUNCTIONS = frozenset(("range", "generate_series", "unnest", "json_each", "json_tree"))
FUNCTIONS = frozenset(  # refused: they look at the machine, at settings, keep a state, run a text or wait
    "getenv current_setting getvariable nextval currval setval setseed sleep_ms pg_sleep write_log query query_table "
    "json_execute_serialized_sql json_serialize_plan json_serialize_sql json_deserialize_sql which_secret in_search_path version "
    "inet_client_addr inet_client_port inet_server_addr inet_server_port current_query current_user session_user user current_role "
    "current_connection_id current_schemas checkpoint force_checkpoint".split()
)
PREFIXES = ("__internal", "duckdb_", "pragma_", "pg_get", "read_", "parquet_", "sniff_", "enable_", "disable_", "arrow_", "python_")


class Refused(Exception):
    """The question holds what is not allowed. code: which rule ("statement", "several", "empty", "form", "table", "function", "deep");
    name: what was met."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(code, name)
        self.code, self.name = code, name


def look(tree: Mapping[str, Any]) -> None:
    """Looks at every node of a statement serialized by DuckDB. Refused, at the first that is not allowed."""
    waiting: list[tuple[Any, frozenset[str]]] = [(tree, TABLES)]
    while waiting:
        node, tables = waiting.pop()
        if isinstance(node, list):
            waiting += [(one, tables) for one in node]
        elif isinstance(node, dict):
            tables |= {name.casefold() for name in _named(node)}
            _one(node, tables)
            waiting += [(one, tables) for one in node.values() if isinstance(one, dict | list)]


def _named(node: Mapping[str, Any]) -> Iterator[str]:
    """The tables that WITH names at this node."""
    named = node.get("cte_map")
    yield from (str(entry["key"]) for entry in (named.get("map") or ())) if isinstance(named, dict) else ()
    if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE") and "cte_name" in node:
        yield str(node["cte_name"])


def _one(node: Mapping[str, Any], tables: frozenset[str]) -> None:
    kind = node.get("type")
    path = [str(part) for part in (node.get("qualified_name") or {}).get("path") or ()]
    if isinstance(kind, str) and "class" not in node and kind not in NODES and not kind.endswith("_TYPE_INFO"):
        raise Refused("form", kind)
    if kind == "SHOW_REF" and (node.get("show_type") not in ("DESCRIBE", "SUMMARY") or "query" not in node):
        raise Refused("form", "SHOW")
    if kind == "BASE_TABLE" and (len(path) != 1 or path[0].casefold() not in tables):
        raise Refused("table", ".".join(path))
    if kind == "TABLE_FUNCTION":
        name = _function(node["function"])
        if name not in TABLE_FUNCTIONS:
            raise Refused("function", name)
    elif "function_name" in node:
        name = _function(node)
        if name in FUNCTIONS or name.startswith(PREFIXES):
            raise Refused("function", name)


def _function(node: Mapping[str, Any]) -> str:
    path = (node.get("qualified_name") or {}).get("path") or [node.get("function_name", "")]
    if len(path) != 1:
        raise Refused("function", ".".join(map(str, path)))
    return str(path[0]).casefold()

"""Writes a JSON schema for every kind that the API server serves, as kubeconform wants them, from its own OpenAPI v3 documents.

usage: schemas.py FOLDER     (kubectl on the PATH, KUBECONFIG set)
One file for each kind: GROUP/KIND_VERSION.json; the core's group is called v1 there.
"""

import json
import subprocess
import sys
from pathlib import Path


def read(path: str) -> dict:
    return json.loads(subprocess.run(["kubectl", "get", "--raw", path], check=True, capture_output=True, text=True).stdout)


def strict(schema: object) -> None:
    """Refuses members that are not described, as the API server does with strict validation."""
    if isinstance(schema, list):
        for each in schema:
            strict(each)
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
            if not schema.get("x-kubernetes-preserve-unknown-fields"):
                schema["additionalProperties"] = False
        for each in schema.values():
            strict(each)


def main() -> None:
    folder = Path(sys.argv[1])
    for path, document in read("/openapi/v3")["paths"].items():
        if not path.startswith(("api/", "apis/")):
            continue
        components = read(document["serverRelativeURL"]).get("components", {}).get("schemas", {})
        strict(components)
        for name, schema in components.items():
            for kind in schema.get("x-kubernetes-group-version-kind", []):
                file = folder / (kind["group"] or kind["version"]) / f"{kind['kind']}_{kind['version']}.json".lower()
                if f"{kind['group']}/{kind['version']}".strip("/") != path.split("/", 1)[1]:
                    continue  # another document describes it
                file.parent.mkdir(parents=True, exist_ok=True)
                whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components}}
                file.write_text(json.dumps(whole))


if __name__ == "__main__":
    main()

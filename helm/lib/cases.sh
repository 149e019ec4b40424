# shellcheck shell=bash
# shellcheck disable=SC2154 # chart, folder and here are set by the file that sources this one
# What helm/test checks, one function each; a function says what is wrong and fails.

namespace=hone-system
operator="system:serviceaccount:$namespace:hone-operator"

same_definitions() {
  "$here/sync-crds" "$folder/crd-files"
  diff -r "$folder/crd-files" "$chart/crd-files"
}

lint() { helm lint --strict --quiet "$chart" "$@"; }

render() { helm template hone "$chart" --namespace "$namespace" "$@"; }

# Without the definitions, which have golden files of their own: crds/.
renders_as_golden() { # values
  local golden
  golden="$(golden_of "$1")"
  render --values "$1" --set crds.install=false >"$folder/rendered.yaml"
  [[ -z "${UPDATE_GOLDEN:-}" ]] || cp "$folder/rendered.yaml" "$golden"
  diff "$golden" "$folder/rendered.yaml"
}

golden_of() { echo "$chart/tests/$(basename "$1" | sed 's/^in-/out-/')"; }

no_golden_left_over() {
  local golden
  for golden in "$chart"/tests/out-*.yaml; do
    [[ -e "${golden/\/out-//in-}" ]] || { echo "$golden has no in-….yaml"; return 1; }
  done
}

# The first line of a bad file is a comment with what Helm must say.
is_refused() { # values
  local expected answer
  expected="$(sed -n '1s/^# says: //p' "$1")"
  [[ -n "$expected" ]] || { echo "the first line must be '# says: …'"; return 1; }
  if answer="$(render --values "$1" 2>&1)"; then
    echo "it was rendered"
    return 1
  fi
  grep -qF -- "$expected" <<<"$answer" || { echo "expected: $expected"; echo "$answer"; return 1; }
}

# Nothing of it is outside of namespaces then, so that whoever installs it needs no rights there.
stays_in_namespaces() {
  local kinds
  kinds="$(render --set 'watchNamespaces={team-a}' --set rbac.aggregateToDefaultRoles=false --set crds.install=false | sed -n 's/^kind: //p' | sort -u)"
  [[ -n "$kinds" ]]
  if grep -E '^(Cluster|CustomResource|Namespace)' <<<"$kinds"; then return 1; fi
}

package_is_whole() {
  helm package "$chart" --destination "$folder" >/dev/null
  local package=("$folder"/hone-*.tgz)
  if tar -tzf "${package[0]}" | grep '/tests/'; then return 1; fi
  diff <(render) <(helm template hone "${package[0]}" --namespace "$namespace")
}

install_release() { helm install hone "$chart" --namespace "$namespace" --create-namespace; }

api_server_takes() { # values
  local each
  for each in $(yaml_namespaces "$1"); do
    kubectl get namespace "$each" >/dev/null 2>&1 || kubectl create namespace "$each"
  done
  # ServiceMonitor, PodMonitor and PrometheusRule are known only where the Prometheus operator is.
  render --values "$1" --set crds.install=false --set serviceMonitor.enabled=false --set podMonitor.enabled=false --set prometheusRule.enabled=false |
    kubectl apply --dry-run=server --validate=strict -f -
}

yaml_namespaces() { render --values "$1" --set crds.install=false | sed -n 's/^  namespace: //p' | sort -u; }

# The schemas of every kind that this API server serves, ours among them; those of ServiceMonitor, PodMonitor and PrometheusRule are known only where the Prometheus operator is.
write_schemas() {
  local deadline=$((SECONDS + 60))
  until python3 "$here/lib/schemas.py" "$folder/schemas" && schemas_are_whole; do
    # The API server takes up a new definition's schema on its own time, after the definition is established.
    ((SECONDS < deadline)) || { ls -R "$folder/schemas"; return 1; }
    sleep 0.5 # between two looks
  done
}

schemas_are_whole() {
  local file
  for file in hone.dev/{finetunejob,compressionjob,inferencedeployment}_v1alpha1 apps/deployment_v1; do
    [[ -s "$folder/schemas/$file.json" ]] || return 1
  done
}

conform() { kubeconform -strict -summary -skip ServiceMonitor,PodMonitor,PrometheusRule -schema-location "$folder/schemas/{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json" "$@"; }

conforms() { # values
  render --values "$1" | conform
}

# What would be the use of a check that lets everything pass?
mistakes_do_not_conform() {
  local answer
  answer="$(render | sed 's/^  replicas: 1$/  replicas: one/' | conform 2>&1)" && return 1
  grep -q "replicas" <<<"$answer" || { echo "$answer"; return 1; }
  answer="$(render | sed 's/^  revisionHistoryLimit:/  revisionHistoryLimits:/' | conform 2>&1)" && return 1
  grep -q "revisionHistoryLimits" <<<"$answer" || { echo "$answer"; return 1; }
  answer="$(printf 'apiVersion: apps/v1beta1\nkind: Deployment\n' | conform 2>&1)" && return 1
  grep -qi "schema" <<<"$answer" || { echo "$answer"; return 1; }
}

examples_conform() { conform "$here"/../examples/*/*.yaml; }

may() { # yes|no, verb, resource[/name] or resource:subresource, namespace
  local answer subresource=()
  [[ "$3" != *:* ]] || subresource=(--subresource "${3#*:}")
  answer="$(kubectl auth can-i "$2" "${3%:*}" "${subresource[@]}" --namespace "$4" --as "$operator" 2>/dev/null || true)"
  [[ "$answer" == "$1" ]] || { echo "the API server says: $answer"; return 1; }
}

upgrade_release() {
  helm upgrade hone "$chart" --namespace "$namespace" --set replicas=2
  kubectl --namespace "$namespace" get poddisruptionbudget hone-operator
  [[ "$(kubectl --namespace "$namespace" get deployment hone-operator -o 'jsonpath={.spec.replicas}')" == 2 ]]
}

narrowed_release() {
  local each
  for each in team-a team-b; do
    kubectl get namespace "$each" >/dev/null 2>&1 || kubectl create namespace "$each"
  done
  helm upgrade hone "$chart" --namespace "$namespace" --set 'watchNamespaces={team-a,team-b}'
  may yes create jobs.batch team-a
  may yes patch finetunejobs.hone.dev:status team-b
  may yes get secrets/hone-ca "$namespace"
  may no create jobs.batch default
  may no list finetunejobs.hone.dev default
  may no list nodes default
  may no create tokenreviews.authentication.k8s.io default
  if kubectl get clusterrolebindings -o jsonpath='{range .items[*]}{.subjects}{"\n"}{end}' | grep hone-operator; then
    echo "a ClusterRoleBinding is left"
    return 1
  fi
}

uninstall_release() {
  helm uninstall hone --namespace "$namespace"
  kubectl get customresourcedefinition finetunejobs.hone.dev compressionjobs.hone.dev inferencedeployments.hone.dev
  if kubectl get clusterrole hone-operator 2>/dev/null; then return 1; fi
}

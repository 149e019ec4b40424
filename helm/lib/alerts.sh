# shellcheck shell=bash
# shellcheck disable=SC2154 # chart, folder and rules are set by the file that sources this one
# How helm/test sees that the alerts' tests, tests/alerts.yaml, leave none out.

alerts_of() { sed -n 's/^ *- alert: //p' "$1"; } # rule file

# The alerts that the tests expect to fire ("fires") or not to ("silent"), a line each; promtool itself would take no exp_alerts for silence, here it must be said.
outcomes_of() { # alert
  awk -v alert="$1" '
    match($0, /alertname: [A-Za-z]+/) { name = substr($0, RSTART + 11, RLENGTH - 11) }
    /exp_alerts:/ && name == alert { print (/exp_alerts: \[\]/ ? "silent" : "fires") }
  ' "$chart/tests/alerts.yaml"
}

every_alert_is_tried() { # rule file
  local alert outcome
  [[ -n "$(alerts_of "$1")" ]]
  for alert in $(alerts_of "$1"); do
    for outcome in fires silent; do
      outcomes_of "$alert" | grep -qx "$outcome" || { echo "tests/alerts.yaml has nothing for which $alert is to be: $outcome"; return 1; }
    done
  done
}

untried_alert_is_noticed() {
  local answer
  { cat "$rules"; printf '      - alert: HoneUntried\n        expr: vector(1)\n'; } >"$folder/untried.yaml"
  promtool check rules "$folder/untried.yaml"
  if answer="$(every_alert_is_tried "$folder/untried.yaml")"; then return 1; fi
  grep -q HoneUntried <<<"$answer"
}

# The same tests on rules of which one has another name, so that nothing fires under its own.
silence_is_noticed() { # alert
  local answer
  mkdir -p "$folder/silenced/monitoring" "$folder/silenced/tests"
  cp "$chart/tests/alerts.yaml" "$folder/silenced/tests/"
  sed "s/^\( *- alert: \)$1\$/\1Silenced/" "$rules" >"$folder/silenced/monitoring/rules.yaml"
  if answer="$(promtool test rules "$folder/silenced/tests/alerts.yaml" 2>&1)"; then
    echo "they pass without it"
    return 1
  fi
  grep -q "alertname: $1," <<<"$answer" || { echo "$answer"; return 1; }
}

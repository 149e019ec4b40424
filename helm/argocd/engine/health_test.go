// Package engine runs the health script in the Lua engine that Argo CD has, with the libraries that Argo CD opens.
package engine

import (
	"os"
	"regexp"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

const (
	script  = "../health.lua"
	config  = "../argocd-cm.yaml"
	reasons = "../../../operator/api/src/main/java/dev/hone/api/Reason.java"
)

// Every reason that the condition Ready can have, with its status, and what Argo CD is to show.
var byReason = []struct{ reason, ready, health string }{
	{"WaitingForReference", "False", "Progressing"},
	{"Invalid", "False", "Degraded"},
	{"Unsupported", "False", "Degraded"},
	{"Pending", "False", "Progressing"},
	{"Queued", "False", "Progressing"},
	{"Suspended", "False", "Suspended"},
	{"Running", "False", "Progressing"},
	{"Retrying", "False", "Progressing"},
	{"EvaluatingGate", "False", "Progressing"},
	{"Deleting", "False", "Progressing"},
	{"Completed", "True", "Healthy"},
	{"Reused", "True", "Healthy"},
	{"Rejected", "False", "Degraded"},
	{"Cancelled", "False", "Suspended"},
	{"Failed", "False", "Degraded"},
	{"Deploying", "False", "Progressing"},
	{"BuildingEngine", "False", "Progressing"},
	{"EngineFailed", "False", "Degraded"},
	{"Available", "True", "Healthy"},
	{"Degraded", "False", "Degraded"},
	{"RolledBack", "False", "Degraded"},
	{"Unavailable", "False", "Degraded"},
	{"VolumeNotShared", "False", "Degraded"},
}

// Reasons of other conditions, of events and of failures, which Ready never has.
var neverReady = map[string]bool{"ArtifactKept": true, "EnginesReady": true}

func TestReadySaysTheHealth(t *testing.T) {
	for _, c := range byReason {
		t.Run(c.reason, func(t *testing.T) {
			status, message := run(t, resource(2, 2, condition("Ready", c.ready, c.reason)))
			if status != c.health {
				t.Errorf("%s: %s instead of %s", c.reason, status, c.health)
			}
			if message != c.reason+": a sentence" {
				t.Errorf("%s: message %q", c.reason, message)
			}
		})
	}
}

func TestWhatIsWaitedForMayBeLost(t *testing.T) {
	for reason, health := range map[string]string{
		"ReferenceNotReady": "Progressing",
		"ReferenceNotFound": "Progressing",
		"ReferenceFailed":   "Degraded",
		"ReferenceRejected": "Degraded",
		"ReferenceCycle":    "Degraded",
	} {
		t.Run(reason, func(t *testing.T) {
			status, _ := run(t, resource(1, 1,
				condition("ReferencesResolved", "False", reason), condition("Ready", "False", "WaitingForReference")))
			if status != health {
				t.Errorf("%s instead of %s", status, health)
			}
		})
	}
}

func TestWhatTheOperatorHasNotSeenIsNotJudged(t *testing.T) {
	for name, object := range map[string]map[string]any{
		"no status":      {"metadata": map[string]any{"generation": 1}},
		"no conditions":  {"metadata": map[string]any{"generation": 1}, "status": map[string]any{"progress": map[string]any{}}},
		"no Ready":       resource(1, 1, condition("Accepted", "True", "GateMet")),
		"an old status":  resource(2, 1, condition("Ready", "True", "Completed")),
		"an old failure": resource(2, 1, condition("Ready", "False", "Failed")),
	} {
		t.Run(name, func(t *testing.T) {
			if status, message := run(t, object); status != "Progressing" || message == "" {
				t.Errorf("%s: %q", status, message)
			}
		})
	}
}

// A reason that is added to the API is added to the table, or said never to stand in Ready.
func TestEveryReasonHasItsHealth(t *testing.T) {
	ours := regexp.MustCompile(`(?m)^  [A-Z_]+\(\s*"(\w+)"`)
	known := map[string]bool{}
	for _, c := range byReason {
		known[c.reason] = true
	}
	upTo, _, found := strings.Cut(read(t, reasons), "// ReferencesResolved")
	if !found {
		t.Fatal("Reason.java no longer tells Ready's reasons from those of ReferencesResolved")
	}
	matches := ours.FindAllStringSubmatch(upTo, -1)
	if len(matches) < 15 {
		t.Fatalf("only %d reasons found", len(matches))
	}
	for _, match := range matches {
		if !known[match[1]] && !neverReady[match[1]] {
			t.Errorf("reason %s has no health", match[1])
		}
	}
}

func TestTheConfigMapHasTheScriptForEveryKind(t *testing.T) {
	indented := strings.ReplaceAll(strings.TrimRight(read(t, script), "\n"), "\n", "\n    ")
	indented = strings.ReplaceAll(indented, "\n    \n", "\n\n")
	for _, kind := range []string{"FineTuneJob", "CompressionJob", "InferenceDeployment"} {
		if !strings.Contains(read(t, config), "\n  resource.customizations.health.hone.dev_"+kind+": |\n    "+indented+"\n") {
			t.Errorf("argocd-cm.yaml has another script for %s: run helm/argocd/test --write", kind)
		}
	}
}

func run(t *testing.T, object map[string]any) (status, message string) {
	t.Helper()
	// Argo CD opens these alone: no files, no programs.
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString,
	} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", value(state, object))
	if err := state.DoString(read(t, script)); err != nil {
		t.Fatal(err)
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returns %s", state.Get(-1).Type())
	}
	return result.RawGetString("status").String(), result.RawGetString("message").String()
}

func value(state *lua.LState, of any) lua.LValue {
	switch of := of.(type) {
	case string:
		return lua.LString(of)
	case int:
		return lua.LNumber(of)
	case []any:
		table := state.NewTable()
		for _, item := range of {
			table.Append(value(state, item))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, item := range of {
			table.RawSetString(key, value(state, item))
		}
		return table
	}
	return lua.LNil
}

func resource(generation, observed int, conditions ...any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"generation": generation},
		"status":   map[string]any{"observedGeneration": observed, "conditions": conditions},
	}
}

func condition(kind, status, reason string) any {
	return map[string]any{"type": kind, "status": status, "reason": reason, "message": "a sentence"}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

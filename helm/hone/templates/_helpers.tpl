{{/* The labels of every object of the chart. */}}
{{- define "hone.labels" -}}
app.kubernetes.io/name: hone
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: hone
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the operator's pods; they may never change. */}}
{{- define "hone.selector" -}}
app.kubernetes.io/name: hone
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{/* The reference of an image: (dict "image" .Values.images.operator "root" $) */}}
{{- define "hone.image" -}}
{{- if .image.digest -}}
{{ printf "%s@%s" .image.repository .image.digest }}
{{- else -}}
{{ printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) }}
{{- end -}}
{{- end }}

{{/* Not empty if the operator may read nodes: as rbac.nodes says, or else where it works cluster-wide anyway. */}}
{{- define "hone.readsNodes" -}}
{{- if kindIs "bool" .Values.rbac.nodes -}}
{{- if .Values.rbac.nodes -}}yes{{- end -}}
{{- else if not .Values.watchNamespaces -}}yes
{{- end -}}
{{- end }}

{{/* What the operator may do in every namespace that it works in. */}}
{{- define "hone.namespacedRules" -}}
- apiGroups: [hone.dev]
  resources: [finetunejobs, compressionjobs, inferencedeployments]
  verbs: [get, list, watch, patch, update]
# Engines are made for those who need them, and go with the last of them.
- apiGroups: [hone.dev]
  resources: [enginebuilds]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [hone.dev]
  resources: [finetunejobs/status, compressionjobs/status, inferencedeployments/status, enginebuilds/status]
  verbs: [get, patch, update]
- apiGroups: [hone.dev]
  resources: [finetunejobs/finalizers, compressionjobs/finalizers, inferencedeployments/finalizers, enginebuilds/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [get, list, watch, create, patch, delete]
# The certificates of a rollout's routers and versions. They are made, and never read again: no Secret can be read with this.
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
- apiGroups: [""]
  resources: [pods, persistentvolumeclaims]
  verbs: [get, list, watch]
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# Of the scheduler, the kubelet and the controllers, about a pod that does not start.
- apiGroups: [""]
  resources: [events]
  verbs: [list]
{{- if .Values.kueue.enabled }}
# To say what a run in a queue waits for, and to pause one.
- apiGroups: [kueue.x-k8s.io]
  resources: [workloads]
  verbs: [get, list, patch]
{{- end }}
{{- end }}

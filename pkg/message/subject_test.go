package message

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// kubernetes is an alert of a pod, with what Prometheus adds for itself.
func kubernetes(pod string) alert.Alert {
	return fires("alertname", "Pod crash looping", "namespace", "shop", "pod", pod, "container", "web", "instance", "10.0.3.17:8080", "node", "node-7",
		"job", "kube-state-metrics", "endpoint", "http", "prometheus", "monitoring/k8s", "uid", "5f1c", "severity", "warning")
}

// TestTheSubjectSaysWhere: by what labels mean, in the same order for one alert
// and for several.
func TestTheSubjectSaysWhere(t *testing.T) {
	rule := func(labels ...string) alert.Alert {
		return fires(append([]string{"alertname", "X", "severity", "critical"}, labels...)...)
	}
	three := func(set func(i int) []string) []alert.Alert {
		return []alert.Alert{rule(set(1)...), rule(set(2)...), rule(set(3)...)}
	}
	long := func(i int) string { return fmt.Sprintf("prometheus-kube-prometheus-stack-prometheus-%d", i) }
	for _, tt := range []struct {
		name, want string
		alerts     []alert.Alert
	}{
		{"a pod", "Pod crash looping · shop/web-a · warning", []alert.Alert{kubernetes("web-a")}},
		{"pods", "Pod crash looping · shop/web-a +2 · warning", []alert.Alert{kubernetes("web-a"), kubernetes("web-b"), kubernetes("web-c")}},
		{"two pods", "Pod crash looping · shop/web-a, shop/web-b · warning", []alert.Alert{kubernetes("web-a"), kubernetes("web-b")}},
		{"a deployment", "X · shop/web · critical", []alert.Alert{rule("namespace", "shop", "deployment", "web", "instance", "10.0.0.1:8080")}},
		{"a pod of a cluster", "X · shop/web · seoul · critical", []alert.Alert{rule("namespace", "shop", "pod", "web", "cluster", "seoul")}},
		{"a machine and its disk", "X · db-1 · /data · critical", []alert.Alert{rule("mountpoint", "/data", "instance", "db-1", "job", "node")}},
		{"disks of a machine", "X · /data +2 · db-1 · critical", three(func(i int) []string {
			return []string{"instance", "db-1", "mountpoint", "/data" + strings.Repeat("x", i-1)}
		})},
		{"a name before an address", "X · web-1 · 10.0.0.1:9100 · critical", []alert.Alert{rule("instance", "10.0.0.1:9100", "host", "web-1")}},
		{"an address alone", "X · 10.0.0.1:9100 · critical", []alert.Alert{rule("instance", "10.0.0.1:9100")}},
		{"an IPv6 address", "X · [2001:db8::1]:9100 · critical", []alert.Alert{rule("instance", "[2001:db8::1]:9100")}},
		{"a URL", "X · shop.example.com/health · critical", []alert.Alert{rule("instance", "https://shop.example.com/health?x=1")}},
		{"what routes", "X · critical", []alert.Alert{rule("owner", "kim@example.com", "team", "db", "uid", "x1", "job", "node", "endpoint", "http", "prometheus", "p", "receiver", "r")}},
		{"no place, but something else that differs", "X · kr +2 · critical", three(func(i int) []string { return []string{"country", []string{"", "kr", "jp", "us"}[i]} })},
		{"a long name", "X · prometheus-kube-pro…s-stack-prometheus-2 · critical", []alert.Alert{rule("host", long(2))}},
		{"long names", "X · prometheus-kube-pro…s-stack-prometheus-1 +2 · critical", three(func(i int) []string { return []string{"host", long(i)} })},
		{"the same place twice", "X · web-1 · critical", []alert.Alert{rule("instance", "web-1", "host", "web-1")}},
	} {
		got := render(t, renderer(t, Options{}), notification(tt.alerts...)).Subject
		if want := fmt.Sprintf("[FIRING:%d] %s", len(tt.alerts), tt.want); got != want {
			t.Errorf("%s: the subject is\n     %q\nwant %q", tt.name, got, want)
		}
	}
	t.Run("and the group, and the folder where there is nothing else", func(t *testing.T) {
		n := notification(rule("country", "kr", "grafana_folder", "Prod"))
		n.GroupLabels = alert.KV{"alertname": "X", "country": "kr", "grafana_folder": "Prod", "team": "db"}
		if got := render(t, renderer(t, Options{}), n).Subject; got != "[FIRING:1] X · kr · critical" {
			t.Errorf("the subject is %q", got)
		}
		delete(n.GroupLabels, "country")
		if got := render(t, renderer(t, Options{}), n).Subject; got != "[FIRING:1] X · Prod · critical" {
			t.Errorf("the subject is %q", got)
		}
	})
}

// TestFieldCasesHaveSubjects are payloads of the field.
func TestFieldCasesHaveSubjects(t *testing.T) {
	for name, want := range map[string]string{
		"k8s-31-labels":          "[FIRING:1] Node memory · monitoring/node-exporter-x7f2q · critical",
		"pod-long-0":             "[FIRING:1] KubePodCrashLooping · monitoring/promethe…s-stack-prometheus-0 · warning",
		"pod-long-1":             "[FIRING:1] KubePodCrashLooping · monitoring/promethe…s-stack-prometheus-1 · warning",
		"blackbox-two":           "[FIRING:2] ProbeFailed · shop.example.com/health, pay.example.com/health · critical",
		"am-two":                 "[FIRING:2] InstanceDown · db-0:9100, db-1:9100 · page",
		"custom-payload-docs":    "[FIRING:1] Queue disk nearly full · mq-1",
		"msg-copied-default-two": "[FIRING:2] Queue disk nearly full · mq-1, mq-2",
	} {
		if got := render(t, renderer(t, Options{}), caseOf(t, name)).Subject; got != want {
			t.Errorf("%s: the subject is\n     %q\nwant %q", name, got, want)
		}
	}
}

// TestTheSubjectCountsAndDoesNotCut: 298 machines, of which the count stays.
func TestTheSubjectCountsAndDoesNotCut(t *testing.T) {
	n := many(t, 298)
	for i := range n.Alerts {
		n.Alerts[i].Labels["alertname"] = strings.Repeat("a very long name of a rule ", 6)
		n.Alerts[i].Labels["instance"] = strings.Repeat("x", 100) + n.Alerts[i].Labels["instance"]
	}
	n.Title = ""
	got := render(t, renderer(t, Options{}), n).Subject
	if !strings.Contains(got, "web-0 +297") || !strings.HasSuffix(got, " · critical") || strings.HasSuffix(got, "…") {
		t.Errorf("the subject is %q", got)
	}
}

// TestWhatFiresIsNamed and counted by severity; what has ended is not.
func TestWhatFiresIsNamed(t *testing.T) {
	one := func(a alert.Alert, severity string) alert.Alert {
		a.Labels["severity"] = severity
		return a
	}
	web := func(i int) []string { return []string{"alertname", "X", "instance", fmt.Sprintf("web-%d", i)} }
	n := notification(one(resolved(web(1)...), "critical"), one(fires(web(2)...), "info"), one(fires(web(3)...), "warning"), one(fires(web(4)...), "warning"))
	c := render(t, renderer(t, Options{}), n)
	if c.Subject != "[FIRING:3, RESOLVED:1] X · web-3 +2 · warning" {
		t.Errorf("the subject is %q", c.Subject)
	}
	if want := "3 firing (2 warning, 1 info), 1 resolved"; !strings.Contains(c.Text, want) || !strings.Contains(c.HTML, ">"+want+"<") {
		t.Errorf("%q is not in\n%s", want, c.Text)
	}
	if c.About.Severity != "warning" {
		t.Errorf("the severity is %q", c.About.Severity)
	}
}

// TestSeveritiesInTheWordsOfTheReader are known.
func TestSeveritiesInTheWordsOfTheReader(t *testing.T) {
	for word, tone := range map[string]string{
		"심각": "#b3261e", "치명": "#b3261e", "긴급": "#b3261e", "위험": "#b3261e", "重大": "#b3261e", "緊急": "#b3261e", "致命的": "#b3261e", "危険": "#b3261e",
		"Critical": "#b3261e", "P1": "#b3261e", "": "#b3261e", "경고": "#9a5b00", "警告": "#9a5b00", "warning": "#9a5b00", "other": "#9a5b00",
		"정보": "#0b5cad", "낮음": "#0b5cad", "情報": "#0b5cad", "低": "#0b5cad", "info": "#0b5cad",
	} {
		a := fires("alertname", "X", "severity", word)
		c := render(t, renderer(t, Options{}), notification(a))
		if !strings.Contains(c.HTML, `class="band"`) || !strings.Contains(c.HTML, "background-color:"+tone) {
			t.Errorf("%q is not %s", word, tone)
		}
		if word != "" && (!strings.HasSuffix(c.Subject, " · "+word) || !strings.Contains(c.HTML, ">Firing · "+word+"<")) {
			t.Errorf("%q is not said: %q", word, c.Subject)
		}
	}
}

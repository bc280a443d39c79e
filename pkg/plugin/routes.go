package plugin

import (
	"net/http"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// alertsPath is the route of contact points.
const alertsPath = "/alerts"

// handler answers one route; the error it returns is answered as a problem.
type handler func(w http.ResponseWriter, r *http.Request) error

// routes is the resource API: one pattern a line, its methods and who may call.
func (d *DataSource) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(alertsPath, methods{http.MethodPost: d.postAlerts})
	mux.Handle("/test", methods{http.MethodPost: editors(d.postTest)})
	mux.Handle("/diagnose", methods{http.MethodPost: editors(d.postDiagnose)})
	mux.Handle("/preview", methods{http.MethodPost: editors(d.postPreview)})
	mux.Handle("/status", methods{http.MethodGet: d.getStatus})
	mux.Handle("/deliveries", methods{http.MethodGet: d.listDeliveries})
	mux.Handle("/deliveries/{id}", methods{http.MethodGet: d.getDelivery})
	mux.Handle("/deliveries/{id}/retry", methods{http.MethodPost: editors(d.retryDelivery)})
	mux.Handle("/deliveries/{id}/cancel", methods{http.MethodPost: editors(d.cancelDelivery)})
	mux.Handle("/", handler(func(_ http.ResponseWriter, r *http.Request) error {
		return &fault{http.StatusNotFound, problem{
			Error: "there is no route " + r.URL.Path, Code: "route",
			Hint: "Alerts are posted to " + alertsPath + ".",
		}}
	}))
	return mux
}

// methods dispatches one pattern by method.
type methods map[string]handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, ok := m[r.Method]
	if !ok {
		var allowed []string
		for method := range m {
			allowed = append(allowed, method)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		h = func(http.ResponseWriter, *http.Request) error {
			return &fault{http.StatusMethodNotAllowed, problem{
				Error: r.Method + " is not allowed on " + r.URL.Path, Code: "method",
				Hint: "Use " + strings.Join(allowed, " or ") + ".",
			}}
		}
	}
	h.ServeHTTP(w, r)
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		writeProblem(w, r, err)
	}
}

// editors lets only Editors and Admins through: any Viewer of the organisation
// can reach the resource API.
func editors(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := alert.RequireEditor(role(r)); err != nil {
			return err
		}
		return h(w, r)
	}
}

// role is the caller's role in the organisation, empty when Grafana named none.
func role(r *http.Request) string {
	user := backend.PluginConfigFromContext(r.Context()).User
	if user == nil {
		return ""
	}
	return user.Role
}

package plugin

import (
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// alertsPath is the route of contact points.
const alertsPath = "/alerts"

// handler answers one route; the error it returns is answered as a failure.
type handler func(w http.ResponseWriter, r *http.Request) error

// routes is the resource API: one pattern a line, its method and who may call.
func (d *DataSource) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(alertsPath, d.logRefused(post(d.postAlerts)))
	mux.Handle("/test", post(editors(d.postTest)))
	mux.Handle("/diagnose", post(editors(d.postDiagnose)))
	mux.Handle("/key", post(editors(d.postKey)))
	mux.Handle("/grafana", post(d.postGrafana))
	mux.Handle("/preview", post(editors(d.postPreview)))
	mux.Handle("/validate", post(editors(d.postValidate)))
	mux.Handle("/status", get(d.getStatus))
	mux.Handle("/deliveries", get(d.listDeliveries))
	mux.Handle("/recipients", get(d.listRecipients))
	mux.Handle("/deliveries/{id}", get(d.getDelivery))
	mux.Handle("/deliveries/{id}/retry", post(editors(d.retryDelivery)))
	mux.Handle("/deliveries/{id}/cancel", post(editors(d.cancelDelivery)))
	mux.Handle("/", handler(func(_ http.ResponseWriter, r *http.Request) error {
		return failure.New(failure.Route, "there is no route "+r.URL.Path, failure.Say("Alerts are posted to "+alertsPath+"."))
	}))
	return withBody(mux)
}

func get(h handler) handler  { return only(http.MethodGet, h) }
func post(h handler) handler { return only(http.MethodPost, h) }

// only refuses every other method, in the words of a failure, which the mux has
// not.
func only(method string, h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != method {
			w.Header().Set("Allow", method)
			return failure.New(failure.Method, r.Method+" is not allowed on "+r.URL.Path, failure.Say("Use "+method+"."))
		}
		return h(w, r)
	}
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		writeFailure(w, r, err)
	}
}

// editors lets only Editors and Admins through: any Viewer of the organization
// can reach the resource API.
func editors(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := alert.RequireEditor(role(r)); err != nil {
			return err
		}
		return h(w, r)
	}
}

// role is the caller's role in the organization, empty when Grafana named none.
func role(r *http.Request) string { return roleIn(backend.PluginConfigFromContext(r.Context())) }

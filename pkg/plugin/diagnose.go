package plugin

import (
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// diagnosis is the answer of POST /diagnose.
type diagnosis struct {
	Endpoints []endpointReport `json:"endpoints"`
}

type endpointReport struct {
	Mode   nhncloud.PortMode `json:"mode"`
	Port   int               `json:"port"`
	Report smtp.Report       `json:"report"`
}

// postDiagnose runs the handshake on every port of the configured host, or on
// the one that ?mode= and ?port= name, so that a page can show each as it
// comes. No other host can be reached through it.
func (d *DataSource) postDiagnose(w http.ResponseWriter, r *http.Request) error {
	sender, err := d.validSender()
	if err != nil {
		return err
	}
	endpoints := sender.Endpoints()
	if q := r.URL.Query(); len(q) > 0 {
		port, _ := strconv.Atoi(q.Get("port")) // no number is no endpoint's port
		one := nhncloud.Endpoint{Mode: nhncloud.PortMode(q.Get("mode")), Port: port}
		if !slices.Contains(endpoints, one) || len(q) != 2 || len(q["mode"]) != 1 || len(q["port"]) != 1 {
			return badParameter("the query names no endpoint of this data source; send mode and port of one of %v, or neither", endpoints)
		}
		endpoints = []nhncloud.Endpoint{one}
	}
	if err := allow(w, d.limits.diagnose, len(endpoints)); err != nil {
		return err
	}
	answer := diagnosis{Endpoints: make([]endpointReport, len(endpoints))}
	var probing sync.WaitGroup
	for i, e := range endpoints {
		probing.Go(func() {
			answer.Endpoints[i] = endpointReport{e.Mode, e.Port, sender.CheckEndpoint(r.Context(), e)}
		})
	}
	probing.Wait()
	writeJSON(w, http.StatusOK, answer)
	return nil
}

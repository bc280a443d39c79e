package nhncloud_test

import (
	"slices"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func TestPortsAreThoseOfTheGuide(t *testing.T) {
	tests := []struct {
		mode  nhncloud.PortMode
		ports []int
	}{
		{nhncloud.STARTTLS, []int{587, 25, 2587}},
		{nhncloud.TLSWrapper, []int{465, 2465}},
		{"plain", nil},
	}
	offered := 0
	for _, tt := range tests {
		if got := nhncloud.Ports(tt.mode); !slices.Equal(got, tt.ports) {
			t.Errorf("%s: %v", tt.mode, got)
		}
		for _, port := range []int{25, 465, 587, 2465, 2587, 0, 26} {
			want := slices.Contains(tt.ports, port)
			if nhncloud.Offers(tt.mode, port) != want {
				t.Errorf("%s offers %d: %v", tt.mode, port, !want)
			}
			if want {
				offered++
			}
			if got := slices.Contains(nhncloud.Endpoints(), nhncloud.Endpoint{Mode: tt.mode, Port: port}); got != want {
				t.Errorf("%s:%d is an endpoint: %v", tt.mode, port, got)
			}
		}
	}
	if n := len(nhncloud.Endpoints()); n != offered || n != 5 {
		t.Errorf("%d endpoints, %d offered", n, offered)
	}
}

func TestUserNameCarriesTheMailType(t *testing.T) {
	tests := []struct {
		mailType nhncloud.MailType
		want     string
	}{
		{nhncloud.Unset, "AppKey"},
		{nhncloud.Normal, "AppKey#normal"},
		{nhncloud.Auth, "AppKey#auth"},
		{nhncloud.Ad, "AppKey#ad"},
	}
	for _, tt := range tests {
		if got := nhncloud.UserName("AppKey", tt.mailType); got != tt.want {
			t.Errorf("%q: %s", tt.mailType, got)
		}
	}
}

func TestTheServicesOwnHost(t *testing.T) {
	tests := map[string]bool{
		"smtp-mail.nhncloudservice.com":      true,
		"SMTP-Mail.NHNCloudService.com.":     true,
		"":                                   false,
		"nhncloudservice.com":                false,
		"smtp-mail.nhncloudservice.com.evil": false,
	}
	for host, want := range tests {
		if nhncloud.IsHost(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

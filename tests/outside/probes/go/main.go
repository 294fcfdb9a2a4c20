// Prints the requests that a program with the AWS SDK for Go 2 would send: region, and the URL and headers of one call
// of S3 and one of KMS. Nothing is sent.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type seen map[string]any

// Do notes the request instead of sending it.
func (s seen) Do(request *http.Request) (*http.Response, error) {
	headers := map[string]string{}
	for name := range request.Header {
		headers[name] = request.Header.Get(name)
	}
	s["url"], s["headers"] = request.URL.String(), headers
	if request.Body != nil {
		io.Copy(io.Discard, request.Body) // the checksum at its end is computed by that
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

func (s seen) orError(err error) seen {
	if err != nil {
		s["error"] = err.Error()
	}
	return s
}

func main() {
	all := context.Background()
	settings, err := config.LoadDefaultConfig(all)
	if err != nil {
		log.Fatal(err)
	}
	ofS3, ofKMS := seen{}, seen{}
	_, errS3 := s3.NewFromConfig(settings, func(options *s3.Options) { options.HTTPClient = ofS3 }).PutObject(
		all, &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), Body: strings.NewReader("x")})
	_, errKMS := kms.NewFromConfig(settings, func(options *kms.Options) { options.HTTPClient = ofKMS }).ListKeys(all, nil)
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"region": settings.Region, "s3": ofS3.orError(errS3), "kms": ofKMS.orError(errKMS),
	})
}

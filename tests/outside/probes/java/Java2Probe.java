import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * Prints the requests that a program with the AWS SDK for Java 2 would send: region, and the URL and headers of one
 * call of S3 and one of KMS. Nothing is sent.
 */
public class Java2Probe {
    /** Notes the request instead of sending it. */
    record Noting(Map<String, Object> seen) implements SdkHttpClient {
        @Override
        public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
            Map<String, String> headers = new LinkedHashMap<>();
            request.httpRequest().forEachHeader((name, values) -> headers.put(name, values.get(0)));
            seen.put("url", request.httpRequest().getUri().toString());
            seen.put("headers", headers);
            return new ExecutableHttpRequest() {
                @Override
                public HttpExecuteResponse call() {
                    return HttpExecuteResponse.builder()
                        .response(SdkHttpResponse.builder().statusCode(200).build())
                        .responseBody(AbortableInputStream.create(new ByteArrayInputStream("{}".getBytes())))
                        .build();
                }

                @Override
                public void abort() {}
            };
        }

        @Override
        public void close() {}
    }

    static <C, B extends AwsSyncClientBuilder<B, C>> Object call(
            B builder, Function<B, C> build, Function<C, Object> call) {
        Map<String, Object> seen = new LinkedHashMap<>();
        try {
            call.apply(build.apply(builder.httpClient(new Noting(seen))));
        } catch (SdkException error) {
            seen.put("error", error.getMessage());
        }
        return seen;
    }

    static String region() {
        try {
            return DefaultAwsRegionProviderChain.builder().build().getRegion().id();
        } catch (SdkException error) {
            return error.getMessage();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("region", region());
        all.put("s3", call(S3Client.builder(), builder -> builder.build(),
            client -> client.putObject(put -> put.bucket("bucket").key("key"), RequestBody.fromString("x"))));
        all.put("kms", call(KmsClient.builder(), builder -> builder.build(), client -> client.listKeys()));
        System.out.println(new ObjectMapper().writeValueAsString(all));
    }
}

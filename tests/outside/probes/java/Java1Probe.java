import com.amazonaws.Request;
import com.amazonaws.SdkClientException;
import com.amazonaws.auth.DefaultAWSCredentialsProviderChain;
import com.amazonaws.handlers.RequestHandler2;
import com.amazonaws.regions.DefaultAwsRegionProviderChain;
import com.amazonaws.services.kms.AWSKMSClientBuilder;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Prints the requests that a program with the AWS SDK for Java 1 would send: region, access key, and the URL and
 * headers of one call of S3 and one of KMS. Nothing is sent. This SDK shows a request only before it is signed.
 */
public class Java1Probe {
    static class NotSent extends SdkClientException {
        NotSent() {
            super("not sent");
        }
    }

    static Object call(Consumer<RequestHandler2> call) {
        Map<String, Object> seen = new LinkedHashMap<>();
        RequestHandler2 insteadOfSending = new RequestHandler2() {
            @Override
            public void beforeRequest(Request<?> request) {
                seen.put("url", request.getEndpoint() + "/" + request.getResourcePath());
                seen.put("headers", request.getHeaders());
                throw new NotSent();
            }
        };
        try {
            call.accept(insteadOfSending);
        } catch (NotSent expected) {
            // It was seen.
        } catch (SdkClientException error) {
            seen.put("error", error.getMessage());
        }
        return seen;
    }

    static String region() {
        try {
            return new DefaultAwsRegionProviderChain().getRegion();
        } catch (SdkClientException error) {
            return error.getMessage();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("region", region());
        all.put("key", new DefaultAWSCredentialsProviderChain().getCredentials().getAWSAccessKeyId());
        all.put("s3", call(handler -> AmazonS3ClientBuilder.standard().withRequestHandlers(handler).build()
            .putObject("bucket", "key", "x")));
        all.put("kms", call(handler -> AWSKMSClientBuilder.standard().withRequestHandlers(handler).build().listKeys()));
        System.out.println(new ObjectMapper().writeValueAsString(all));
    }
}

// Prints the requests that a program with the AWS SDK for JavaScript 3 would send: region, and the URL and headers of
// one call of S3 and one of KMS. Nothing is sent.
import { KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

async function call(client, command) {
  const seen = {};
  const insteadOfSending = () => async ({ request }) => {
    const { protocol, hostname, port, path, headers } = request;
    Object.assign(seen, { url: `${protocol}//${hostname}${port ? `:${port}` : ""}${path}`, headers });
    return { output: { $metadata: {} }, response: {} };
  };
  // After the step that signs.
  client.middlewareStack.add(insteadOfSending, { step: "finalizeRequest", priority: "low" });
  try {
    await client.send(command);
  } catch (error) {
    return { error: error.message };
  }
  return seen;
}

const kms = new KMSClient();
console.log(
  JSON.stringify({
    region: await kms.config.region().catch((error) => error.message),
    s3: await call(new S3Client(), new PutObjectCommand({ Bucket: "bucket", Key: "key", Body: "x" })),
    kms: await call(kms, new ListKeysCommand()),
  }),
);
